//! Faults in pages: what people mistype, and what no person would.

use fastrand::Rng;

/// Pieces of pages that are put where they may not belong.
const PIECES: [&str; 58] = [
    ".",
    ",",
    ":",
    ";",
    "(",
    ")",
    "`",
    "_",
    "\"",
    "'",
    "-",
    "+",
    ">",
    "> ",
    ">>",
    ">=",
    "**",
    "\\",
    "the ",
    "`x`",
    "`y`'s ",
    "_1_",
    "_\"a\"_",
    "x ",
    "not ",
    "if ",
    "else ",
    "Else:",
    "Otherwise ",
    "If _Yes_:",
    "Say ",
    "Set `x` to ",
    "For each ",
    "of ",
    "item ",
    "- ",
    "1. ",
    "<details>",
    "</details>",
    "# H",
    "#### Inputs",
    "template ",
    "<!-- ",
    "é",
    "\u{301}",
    "\u{200b}",
    "\u{a0}",
    "\u{2028}",
    "\u{85}",
    "\u{3000}",
    "\u{1c}",
    "²",
    "٣",
    "ſay ",
    "is ",
    "Foreach `x` in `y`:",
    "Define `z as Number.",
    "Set `l` to: _1_.",
];

/// The page with a few faults in it.
#[must_use]
pub fn damaged(page: &str, random: &mut Rng) -> String {
    let mut text = page.to_owned();
    for _ in 0..random.usize(1..4) {
        text = if random.bool() { with_faulty_line(&text, random) } else { with_faulty_piece(&text, random) };
    }
    text
}

/// Drops, doubles, swaps, joins or moves lines, or changes how deep one stands.
fn with_faulty_line(text: &str, random: &mut Rng) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() < 2 {
        return text.to_owned();
    }
    let at = random.usize(..lines.len());
    match random.usize(..8) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other = random.usize(..lines.len());
            lines.swap(at, other);
        }
        3 => lines[at].insert_str(0, "> "),
        4 => lines[at] = lines[at].replacen('>', "", 1),
        5 => {
            let line = lines.remove(at);
            let before = at.saturating_sub(1);
            lines[before].push(' ');
            lines[before].push_str(&line);
        }
        6 => lines.insert(at, String::new()),
        _ => lines.insert(at, PIECES[random.usize(..PIECES.len())].to_owned()),
    }
    lines.join("\n") + "\n"
}

/// Takes a few characters away somewhere, or puts a piece there.
fn with_faulty_piece(text: &str, random: &mut Rng) -> String {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    if places.is_empty() {
        return text.to_owned();
    }
    // Signs matter more often than letters do.
    let signs: Vec<usize> = places
        .iter()
        .copied()
        .filter(|at| text[*at..].starts_with(|c: char| !c.is_alphanumeric() && c != ' '))
        .collect();
    let from = if signs.is_empty() || random.usize(..3) == 0 { &places } else { &signs };
    let at = from[random.usize(..from.len())];
    let (before, behind) = text.split_at(at);
    let length = random.usize(1..3);
    let rest: String = behind.chars().skip(length).collect();
    match random.usize(..3) {
        0 => format!("{before}{rest}"),
        1 => format!("{before}{}{behind}", PIECES[random.usize(..PIECES.len())]),
        _ => format!("{before}{}{rest}", PIECES[random.usize(..PIECES.len())]),
    }
}
