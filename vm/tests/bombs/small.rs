//! Programs that keep small things until memory is full: there it weighs most what a thing takes besides what it is counted for.

/// Keeps what is made in r2 in an array that grows, with r0 elements so far. r3 is 1.
fn kept(make: &str) -> String {
    format!(
        "load_const r0, 0\nnew_array r1, r0\nload_const r3, 1\nagain:\n{make}array_set r1, r0, r2\nload_const r2, empty\n\
         add r0, r0, r3\njump again"
    )
}

/// Keeps what is made in r2 by way of the next one that is made, which holds it: it is in r1 while that is made.
fn linked(make: &str) -> String {
    format!("load_const r3, 1\nload_const r8, 0\nagain:\n{make}move r1, r2\nload_const r2, empty\njump again")
}

/// A string of so many bytes in r2, as `how` makes it: joined, written over a longer one, or cut down from one in a place of
/// its own.
fn string(length: usize, how: &str) -> String {
    let split = length / 2;
    let halves = format!(
        "load_const r4, \"{}\"\nload_const r5, \"{}\"\n",
        "x".repeat(split),
        "y".repeat(length - split)
    );
    match how {
        "joined" => format!("{halves}add r2, r4, r5\n"),
        "rewritten" => {
            format!("load_const r6, \"{}\"\nadd r2, r6, r6\n{halves}add r2, r4, r5\n", "z".repeat(25))
        }
        // A text with a float in it is put together in steps.
        _ => format!(
            "load_const r4, \"{}\"\nload_const r5, 0.5\nconcat_str r2, r4, r5\n",
            "x".repeat(length.max(3) - 3)
        ),
    }
}

/// An array in r2 that grows to so many elements, or is made with that size, of which the first is in `first`.
fn array(count: usize, first: &str, element: &str, is_sized: bool) -> String {
    let size = if is_sized { count } else { 0 };
    let mut text = format!("load_const r4, {element}\nload_const r5, {size}\nnew_array r2, r5\n");
    for index in 0..count {
        let register = if index == 0 { first } else { "r4" };
        text.push_str(&format!("load_const r5, {index}\narray_set r2, r5, {register}\n"));
    }
    text
}

/// A dict in r2 of so many entries under constant keys, all but the last `removed` of them taken out again; the last is r1.
fn dict(count: usize, removed: usize) -> String {
    let key = |number: usize| format!("load_const r5, \"{number}\"\n");
    let set: String = (0..count).map(|number| key(number) + "dict_set r2, r5, r1\n").collect();
    let remove: String = (0..removed).map(|number| key(number) + "dict_remove r2, r5\n").collect();
    format!("dict_new r2\n{set}{remove}")
}

/// Every small thing, alone and nested: what it is, and the program.
pub(crate) fn small_things() -> Vec<(String, String)> {
    let mut programs = Vec::new();
    let mut add = |name: String, program: String| programs.push((name, program));
    for how in ["joined", "rewritten", "put together"] {
        for length in [0, 1, 8, 16, 24, 25, 32, 33, 40, 41, 48, 56, 57, 64, 80] {
            add(format!("strings of {length} bytes, {how}"), kept(&string(length, how)));
        }
        for length in [1, 25, 33, 41] {
            let made = string(length, how);
            let pair = "load_const r4, 2\nnew_array r7, r4\narray_set r7, r8, r2\narray_set r7, r3, r1\nmove r2, r7\n";
            add(
                format!("pairs of a string of {length} bytes, {how}, and the next"),
                linked(&format!("{made}{pair}")),
            );
            let entry = "dict_new r7\ndict_set r7, r2, r1\nmove r2, r7\n";
            add(format!("dicts under a string of {length} bytes, {how}"), linked(&format!("{made}{entry}")));
            let single =
                format!("{made}load_const r4, 1\nnew_array r7, r4\narray_set r7, r8, r2\nmove r2, r7\n");
            add(format!("arrays of a string of {length} bytes, {how}"), kept(&single));
        }
    }
    for is_sized in [true, false] {
        let made = if is_sized { "made so long" } else { "grown" };
        for count in 0..=5 {
            for element in ["empty", "true", "5", "0.5", "\"s\""] {
                add(
                    format!("arrays of {count} times {element}, {made}"),
                    kept(&array(count, "r4", element, is_sized)),
                );
            }
        }
        for count in 1..=5 {
            for element in ["empty", "5", "\"s\""] {
                let name = format!("arrays of {count} elements, of {element} and the next, {made}");
                add(name, linked(&array(count, "r1", element, is_sized)));
            }
        }
    }
    for (count, removed) in
        [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (7, 0), (2, 1), (4, 2), (5, 4), (7, 3), (9, 8)]
    {
        let what = format!("dicts of {count} entries, {removed} of them removed");
        add(what.clone(), kept(&dict(count, removed)));
        if count > removed {
            add(format!("{what}, nested"), linked(&dict(count, removed)));
        }
    }
    add("dicts that were emptied".to_owned(), kept(&format!("{}dict_clear r2\n", dict(7, 0))));
    let entry = "load_const r5, \"k\"\ndict_new r7\ndict_set r7, r5, r2\nmove r2, r7\n";
    add("arrays and dicts in turn".to_owned(), linked(&format!("{}{entry}", array(1, "r1", "5", true))));
    for (name, made) in
        [("nothing", ""), ("a string", "add r0, r1, r1\n"), ("an array", "new_array r0, r2\n")]
    {
        let body = format!(
            "load_const r1, \"0123456789abcdef\"\nload_const r2, 3\n{made}load_const r3, \"deeper\"\ncall r3, r4, ()\nreturn"
        );
        add(format!("calls that keep {name}"), format!(".func main\n{body}\n.func deeper\n{body}"));
    }
    programs
}
