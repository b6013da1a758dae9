//! Pages compiled and run: what the cases of `spec/programs` do not reach, for its size or its kind.
#![cfg(feature = "language")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, Vm, language};

/// What a page prints, or the kind of the error that ends it, behind what it printed.
fn outcome(page: &str, limits: Limits) -> Option<String> {
    let compiled = language::compile(page, "page.md").unwrap_or_else(|found| panic!("{found}"));
    let mut printed = String::new();
    match Vm::new(compiled.module).run(Run::new(&mut printed).limits(limits)) {
        Ok(completion) => write!(printed, "{:?}", completion.result).unwrap(),
        Err(failure) if failure.error.kind() == RuntimeErrorKind::StepLimitExceeded => return None,
        Err(failure) => {
            let place = compiled.map.sites(failure.call_stack.iter().map(|site| site.pc));
            write!(printed, "{} in {}", failure.error.kind().name(), place[0].function).unwrap();
        }
    }
    Some(printed)
}

fn printed(page: &str) -> String {
    let printed = outcome(page, Limits::default()).unwrap();
    printed
        .strip_suffix("empty")
        .unwrap_or_else(|| panic!("{}", &printed[..printed.len().min(300)]))
        .to_owned()
}

fn first_problem(page: &str) -> (&'static str, u32) {
    let found = language::compile(page, "page.md").unwrap_err();
    let first = found.iter().next().unwrap();
    (first.kind().name(), first.place().line)
}

/// Pages that are there: examples of the specification, and programs with what they print beside them.
fn pages() -> Vec<(String, String)> {
    let spec = mdvm_spec::Spec::embedded().unwrap();
    let mut pages: Vec<(String, String)> =
        spec.language.forms.iter().map(|form| (form.name.clone(), form.example.clone())).collect();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../spec/programs")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push((path.display().to_string(), fs::read_to_string(&path).unwrap_or_default()));
            }
        }
    }
    pages.sort();
    assert!(pages.len() > 25, "only {} pages were found", pages.len());
    pages
}

#[test]
fn the_examples_of_the_specification_do_what_it_says() {
    let spec = mdvm_spec::Spec::embedded().unwrap();
    for form in &spec.language.forms {
        let outcome = outcome(&form.example, Limits::default()).unwrap();
        assert!(outcome.starts_with(&form.prints), "{}: {outcome}", form.name);
    }
    for entry in &spec.language.diagnostics {
        let Some(example) = &entry.example else { continue };
        let found =
            language::compile(example, "page.md").map_or_else(|found| found, |compiled| compiled.warnings);
        let found: Vec<_> =
            found.iter().map(|one| (one.kind().name(), Some(one.place().line as usize))).collect();
        assert_eq!(found, [(entry.kind.as_str(), entry.line)], "{example}");
    }
}

#[test]
fn a_page_means_the_same_when_it_is_formatted_and_when_its_variables_have_no_registers() {
    let limits = Limits { max_steps: Some(200_000), ..Limits::default() };
    let mut compared = 0;
    for (path, page) in pages() {
        if language::check(&page, "page.md").is_err() {
            assert!(language::format(&page).is_err(), "{path}");
            continue;
        }
        let formatted = language::format(&page).unwrap();
        let module = |page: &str| language::compile(page, "page.md").unwrap().module.encode();
        assert!(module(&formatted) == module(&page), "{path}\n{formatted}");
        assert_eq!(language::format(&formatted).unwrap(), formatted, "{path}");
        let Some(expected) = outcome(&page, limits.clone()) else { continue };
        // A byte-order mark is one at the start of a page alone.
        let page = page.trim_start_matches('\u{feff}');
        // Used often, the variables that are added take the registers.
        let mut crowd = String::new();
        for number in 0..300 {
            let _ = writeln!(crowd, "> Define `crowd {number}` as Number (default: _1_).");
            for _ in 0..40 {
                let _ = writeln!(crowd, "> Set `crowd {number}` to `crowd {number}` + `crowd {number}`.");
            }
        }
        let top = crowd.replace("> ", "").replace("(default: _1_)", "");
        let top: String =
            top.lines().filter(|line| line.starts_with("Define")).map(|line| format!("{line}\n")).collect();
        let uses = crowd.lines().filter(|line| line.starts_with("> Set")).collect::<Vec<_>>().join("\n");
        let crowded = if page.starts_with("---") {
            format!("{page}\n\n{top}If _No_:\n\n{uses}\n")
        } else {
            format!("{top}\nIf _No_:\n\n{uses}\n\n{page}")
        };
        if let Some(found) = outcome(&crowded, Limits { max_steps: Some(5_000_000), ..Limits::default() }) {
            assert_eq!(found, expected, "{path}");
            compared += 1;
        }
    }
    assert!(compared > 25, "only {compared} pages were compared");
}

#[test]
fn lists_change_in_place_with_and_without_registers() {
    let body = |uses: &str| {
        format!(
            "Define `l` as List.\nSet `l` to blank.\nDefine `i` as Whole Number (default: _0_).\n{uses}While `i` < _20000_:\n\n> Add `i` to `l`.\n> Set `i` to `i` + _1_.\n\nFor each `x` in `l`:\n\n> Set `i` to `x`.\n\nSet `i` to _1_.\nWhile `i` <= _20000_:\n\n> Set item `i` of `l` to item `i` of `l` + _1_.\n> Set the last item of `l` to `i`.\n> Set `i` to `i` + _1_.\n\nSay the last item of `l`.\n"
        )
    };
    let mut crowd = String::new();
    for number in 0..400 {
        let _ = writeln!(crowd, "Define `v{number}` as Number (default: _1_).");
        for _ in 0..20 {
            let _ = writeln!(crowd, "Set `v{number}` to `v{number}`.");
        }
    }
    // Room for the list as it grows, and not for a copy of it.
    let limits = Limits { max_memory: Some(20_000 * 16 + 60_000), ..Limits::default() };
    for page in [body(""), body(&crowd)] {
        assert_eq!(outcome(&page, limits.clone()).unwrap(), "20000\nempty");
    }
}

#[test]
fn functions_take_as_many_inputs_as_a_call_can_carry() {
    for count in [1, 40, 41, 255] {
        let mut page = String::from("### Utility: `sum`\n\n<details>\n\n> Give back `i0`");
        for number in 1..count {
            let _ = write!(page, " + `i{number}`");
        }
        page += ".\n\n</details>\n\n#### Inputs\n\n";
        for number in 0..count {
            let _ = writeln!(page, "- `i{number}` as Number (default: _{number}_)");
        }
        page += "\nDefine `r` as Number.\nSet `r` using `sum`.\nSay `r`.\nSet `r` using `sum` with ";
        page += &vec!["_1_"; count].join(", ");
        let last = count - 1;
        let _ = writeln!(page, ".\nSay `r`.\nSet `r` using `sum` where `i{last}` is _1000_.\nSay `r`.");
        let sum = (0..count).sum::<usize>();
        assert_eq!(printed(&page), format!("{sum}\n{count}\n{}\n", sum - last + 1000));
    }
    let mut page =
        String::from("### Utility: `f`\n\n<details>\n\n> Say _1_.\n\n</details>\n\n#### Inputs\n\n");
    for number in 0..256 {
        let _ = writeln!(page, "- `i{number}` as Number");
    }
    assert_eq!(first_problem(&page), ("TooManyInputs", 1));
}

#[test]
fn a_list_may_have_more_constants_than_the_pool() {
    const COUNT: i64 = 66_000;
    let list = |item: &dyn Fn(i64) -> String| {
        let mut page = String::from("Define `l` as List.\nSet `l` to:\n");
        for number in 0..COUNT {
            let _ = writeln!(page, "- _{}_.", item(number));
        }
        page + "\nFor each `x` in `l`:\n\n> Say `x`.\n"
    };
    let whole = |number: i64| {
        let magnitude = i64::MIN.wrapping_add(number.wrapping_mul(279_532_211_434_561));
        if number % 3 == 0 { number - COUNT / 2 } else { magnitude }
    };
    let expected =
        |item: &dyn Fn(i64) -> String| (0..COUNT).map(|number| item(number) + "\n").collect::<String>();
    let wholes = |number| whole(number).to_string();
    assert!(printed(&list(&wholes)) == expected(&wholes));
    let texts = |number| format!("t{number} é");
    assert!(printed(&list(&|number| format!("\"{}\"", texts(number)))) == expected(&texts));
    let float = |number: i64| {
        let exponent = number % 600 - 320;
        format!("{}e{exponent}", if number % 2 == 0 { number as f64 } else { -0.1 - number as f64 })
    };
    let meant = |number| float(number).parse::<f64>().unwrap().to_string();
    assert!(printed(&list(&float)) == expected(&meant));
    let letters = |number: i64| format!("\"{}\"", char::from_u32(0x1_0000 + number as u32).unwrap());
    let (kind, line) = first_problem(&list(&letters));
    assert_eq!(kind, "ProgramTooLarge");
    assert!(line <= 2);
}

#[test]
fn nesting_has_a_limit_and_chains_have_none() {
    let parentheses = |count: usize| format!("Say {}_1_{}.\n", "(".repeat(count), ")".repeat(count));
    assert_eq!(printed(&parentheses(200)), "1\n");
    assert_eq!(first_problem(&parentheses(201)), ("TooDeep", 1));
    let nots = |count: usize| format!("Say {}_1_.\n", "not ".repeat(count));
    assert_eq!(printed(&nots(200)), "true\n");
    assert_eq!(first_problem(&nots(100_000)), ("TooDeep", 1));
    let sums = |count: usize| format!("Say {}_1_{}.\n", "_1_ + (".repeat(count), ")".repeat(count));
    assert_eq!(printed(&sums(200)), "201\n");
    let blocks = |count: usize| {
        let mut page: String = (0..count).map(|depth| format!("{}If _Yes_:\n", "> ".repeat(depth))).collect();
        page += &format!("{}Say _1_.\n", "> ".repeat(count));
        page
    };
    assert_eq!(printed(&blocks(200)), "1\n");
    assert_eq!(first_problem(&blocks(201)), ("TooDeep", 201));
    let loops = |count: usize| {
        let mut page = String::from("Define `l` as List.\nSet `l` to: 1. _1_.\n");
        for depth in 0..count {
            let _ = writeln!(page, "{}For each `x{depth}` in (`l`):", "> ".repeat(depth));
        }
        page += &format!("{}Say `x{}`.\n", "> ".repeat(count), count - 1);
        page
    };
    assert_eq!(printed(&loops(150)), "1\n");
    let chain = format!("Say _1_{}.\n", " + _1_".repeat(100_000));
    assert_eq!(printed(&chain), "100001\n");
    let choices = |count: usize| format!("Say _1_{}.\n", " if _No_, else _2_".repeat(count));
    assert_eq!(printed(&choices(200)), "2\n");
    assert_eq!(first_problem(&choices(201)), ("TooDeep", 1));
    let items = |count: usize| {
        let places = "item (_1_) of ".repeat(count / 2);
        format!("Define `l` as List.\nSet `l` to: 1. _1_.\nSay {places}`l`.\n")
    };
    assert_eq!(outcome(&items(200), Limits::default()).unwrap(), "TypeMismatch in main");
    assert_eq!(first_problem(&items(402)), ("TooDeep", 3));
    let elses = format!("If _No_:\n> Say _1_.\n{}", "Else if _No_:\n> Say _1_.\n".repeat(10_000));
    assert_eq!(printed(&elses), "");
}

#[test]
fn any_text_is_compiled_or_explained() {
    let pages = pages();
    let mut random = fastrand::Rng::with_seed(7);
    let pieces = [
        "`",
        "_",
        "\"",
        "'",
        "> ",
        "\n",
        "\n\n",
        "(",
        ")",
        ".",
        ":",
        ",",
        "-",
        "1. ",
        "not ",
        "if ",
        "else ",
        "Else:\n",
        "<!--",
        "-->",
        "```\n",
        "</details>",
        "<details>",
        "### Utility: `f`\n",
        "#### Inputs\n",
        "é",
        "\u{202e}",
        "\\",
        "**",
        "Set ",
        "to ",
        "Say ",
        "item ",
        "of ",
        "^",
        "Define ",
        "as ",
        "Text",
        "\u{0}",
        "\r",
        "|",
    ];
    for _ in 0..4000 {
        let (_, page) = &pages[random.usize(0..pages.len())];
        let mut text: Vec<char> = page.chars().take(2000).collect();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(0..=text.len());
            match random.u8(0..3) {
                0 => drop(text.drain(at..(at + random.usize(0..20)).min(text.len()))),
                1 => drop(text.splice(at..at, pieces[random.usize(0..pieces.len())].chars())),
                _ => {
                    let (from, length) = (random.usize(0..=text.len()), random.usize(0..40));
                    let copied: Vec<char> = text[from..].iter().take(length).copied().collect();
                    text.splice(at..at, copied);
                }
            }
        }
        let text: String = text.into_iter().collect();
        match language::compile(&text, "page.md") {
            Ok(compiled) => {
                let formatted = language::format(&text).unwrap();
                assert_eq!(language::format(&formatted).unwrap(), formatted, "{text:?}");
                let again = language::compile(&formatted, "page.md").unwrap();
                assert_eq!(again.module, compiled.module, "{text:?}");
            }
            Err(found) => {
                assert!(found.has_errors());
                assert!(found.iter().is_sorted_by_key(|one| one.place()), "{text:?}");
                let _ = found.render(true);
            }
        }
    }
}
