//! `mdvm trace` and `mdvm run --monitor`: what a program executes, by a program whose steps can be counted by hand.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::process::Command;

use machine_dialect_vm::{Observer, Profile, Run, Step, Value, Vm, Written, assemble};
use serde_json::{Value as Json, json};

const PAGE: &str = "\
### **Utility**: `double`

<details>
<summary>Twice a number.</summary>

> Give back `n` * _2_.

</details>

#### Inputs

- `n` **as** Whole Number (required)

Define `i` as Whole Number (default: _0_).
Define `d` as Whole Number.

**While** `i` < _3_:

> **Set** `i` to `i` + _1_.
> Set `d` using `double` with `i`.
> Say `d`.

If `i` < _0_:
> Say _\"never\"_.
";

/// Runs the command in a folder with the page; gives the exit code, standard output and standard error.
fn mdvm(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mdvm")).args(arguments).current_dir(folder.path()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.md"), PAGE).unwrap();
    folder
}

fn lines(text: &str) -> Vec<Json> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

#[test]
fn a_trace_has_each_step_with_what_it_read_wrote_and_printed() {
    let folder = folder();
    let (code, stdout, errors) = mdvm(&folder, &["trace", "--json", "page.md"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let mut steps = lines(&stdout);
    let end = steps.pop().unwrap();
    assert_eq!(end["outcome"]["status"], "ok");
    assert_eq!(end["outcome"]["steps"], json!(steps.len()));
    assert!(steps.iter().zip(1..).all(|(step, number)| step["step"] == json!(number)));
    let doubled: Vec<_> = steps.iter().filter(|step| step["function"] == "double").collect();
    let products: Vec<_> =
        doubled.iter().filter(|step| step["instruction"].as_str().unwrap().starts_with("mul")).collect();
    assert_eq!(products.len(), 3);
    assert_eq!((&products[2]["depth"], &products[2]["line"]), (&json!(1), &json!(6)));
    let values =
        |step: &Json, field: &str| step[field].as_object().unwrap().values().cloned().collect::<Vec<_>>();
    assert_eq!(values(products[2], "reads"), [json!(3), json!(2)]);
    assert_eq!(values(products[2], "writes"), [json!(6)]);
    let printed: String = steps.iter().filter_map(|step| step["prints"].as_str()).collect();
    assert_eq!(printed, "2\n4\n6\n");
}

#[test]
fn a_trace_for_people_shows_the_lines_of_the_page() {
    let folder = folder();
    let (code, stdout, _) = mdvm(&folder, &["trace", "page.md"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("; double, page.md:6: > Give back `n` * _2_.\n"), "{stdout}");
    assert!(stdout.contains("; r0 = 3, r2 = 2 -> r1 = 6\n"), "{stdout}");
    assert!(stdout.contains("prints \"6\\n\"\n"), "{stdout}");
    // A module of which no page is known has its functions.
    assert_eq!(mdvm(&folder, &["compile", "page.md", "-o", "page.mdbc"]).0, 0);
    let (_, bare, _) = mdvm(&folder, &["trace", "page.mdbc"]);
    assert!(bare.starts_with("; main\n") && bare.contains("; double\n"), "{bare}");
}

#[test]
fn filters_choose_steps_and_limits_end_the_run_there() {
    let folder = folder();
    fs::write(folder.path().join("endless.mdasm"), "again:\n jump again").unwrap();
    let numbers = |arguments: &[&str]| -> (i32, Vec<u64>) {
        let (code, stdout, _) = mdvm(&folder, &[&["trace", "--json"], arguments].concat());
        (code, lines(&stdout).iter().filter_map(|line| line["step"].as_u64()).collect())
    };
    assert_eq!(numbers(&["--limit", "3", "endless.mdasm"]), (0, vec![1, 2, 3]));
    assert_eq!(numbers(&["--from", "9", "--to", "10", "endless.mdasm"]), (0, vec![9, 10]));
    assert_eq!(numbers(&["--from", "5000", "--limit", "1", "endless.mdasm"]), (0, vec![5000]));
    // The limit of the program is no end that was asked for.
    assert_eq!(numbers(&["--max-steps", "2", "--to", "9", "endless.mdasm"]), (1, vec![1, 2]));
    let (_, inner) = numbers(&["--function", "double", "page.md"]);
    let (_, all) = numbers(&["page.md"]);
    assert!(!inner.is_empty() && inner.len() < all.len());
    let (code, stdout, errors) = mdvm(&folder, &["trace", "--function", "dubble", "page.md"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(errors.contains("there are double, main"), "{errors}");
}

#[test]
fn a_trace_of_a_failure_ends_with_the_step_that_failed() {
    let folder = folder();
    let page = "Define `a` as Number (default: _0_).\nSay _1_ / `a`.";
    let (code, stdout, errors) = mdvm(&folder, &["trace", "--json", "-e", page]);
    assert_eq!(code, 1);
    assert!(errors.contains("error[DivisionByZero]"), "{errors}");
    let lines = lines(&stdout);
    let [.., failed, end] = lines.as_slice() else { panic!("{stdout}") };
    assert!(failed["instruction"].as_str().unwrap().starts_with("div"));
    assert_eq!(failed["writes"], json!({}));
    assert_eq!(end["outcome"]["kind"], "DivisionByZero");
}

#[test]
fn long_values_are_cut_and_say_so() {
    let folder = folder();
    let long = "x".repeat(5000);
    let page = format!("Say _\"{long}\"_.");
    let (_, stdout, _) = mdvm(&folder, &["trace", "--json", "-e", &page]);
    let load = lines(&stdout)
        .into_iter()
        .find(|line| line["instruction"].as_str().unwrap().starts_with("load_const"))
        .unwrap();
    let cut =
        load["writes"].as_object().unwrap().values().next().unwrap()["cut"].as_str().unwrap().to_owned();
    assert!(cut.starts_with("\"xxx") && cut.len() < 300, "{cut}");
}

#[test]
fn coverage_counts_lines_and_functions_and_the_output_is_printed_once() {
    let folder = folder();
    let (code, stdout, errors) = mdvm(&folder, &["run", "--monitor", "coverage=lcov.info", "page.md"]);
    assert_eq!((code, stdout.as_str(), errors.as_str()), (0, "2\n4\n6\n", ""));
    let lcov = fs::read_to_string(folder.path().join("lcov.info")).unwrap();
    for line in [
        "SF:page.md",
        "FNDA:1,main",
        "FNDA:3,double",
        "FNF:2",
        "FNH:2",
        "DA:6,3",
        "DA:14,1",
        "DA:17,4",
        "DA:19,3",
        "DA:24,0",
        "end_of_record",
    ] {
        assert!(lcov.lines().any(|one| one == line), "{line}: {lcov}");
    }
    // Nothing can be said of lines that are not known, and that is said before the program runs.
    assert_eq!(mdvm(&folder, &["compile", "page.md", "-o", "page.mdbc"]).0, 0);
    let (code, stdout, errors) = mdvm(&folder, &["run", "--monitor", "coverage", "page.mdbc"]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(errors.contains("mdvm compile -g"), "{errors}");
}

#[test]
fn hot_lines_calls_and_stacks_add_up_to_all_steps() {
    let folder = folder();
    let (code, stdout, _) = mdvm(&folder, &["run", "--json", "page.md"]);
    assert_eq!(code, 0);
    let steps = lines(&stdout)[0]["steps"].as_u64().unwrap();
    let (_, _, folded) = mdvm(&folder, &["run", "--monitor", "flame", "page.md"]);
    let count = |stack: &str| -> u64 {
        let line = folded.lines().find(|line| line.rsplit_once(' ').unwrap().0 == stack).unwrap();
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    };
    assert_eq!(folded.lines().count(), 2, "{folded}");
    assert_eq!(count("main") + count("main;double"), steps);
    let (_, _, calls) = mdvm(&folder, &["run", "--monitor", "calls", "page.md"]);
    let row = |name: &str| -> Vec<&str> {
        calls.lines().find(|line| line.ends_with(name)).unwrap().split_whitespace().collect()
    };
    assert_eq!((row("main")[0], row("main")[1]), ("1", steps.to_string().as_str()));
    assert_eq!((row("double")[0], row("double")[1]), ("3", count("main;double").to_string().as_str()));
    let (_, _, hot) = mdvm(&folder, &["run", "--monitor", "hot", "page.md"]);
    assert!(hot.lines().nth(1).unwrap().contains("page.md:"), "{hot}");
    // Every instruction of this page comes from one of its lines.
    let sum: u64 =
        hot.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().parse::<u64>().unwrap()).sum();
    assert!(sum <= steps && sum + 2 >= steps, "{hot}");
}

#[test]
fn what_time_ended_is_counted_as_far_as_it_came() {
    let folder = folder();
    fs::write(folder.path().join("endless.mdasm"), "again:\n nop\n jump again").unwrap();
    // A busy computer may take the shortest of these times to start the command.
    let counts: Vec<u64> = ["20ms", "200ms", "2s"]
        .iter()
        .map(|time| {
            let (code, _, errors) =
                mdvm(&folder, &["run", "--plain", "--max-time", time, "--monitor", "hot", "endless.mdasm"]);
            assert_eq!(code, 1);
            errors
                .lines()
                .filter(|line| line.contains(": nop") || line.contains(": jump"))
                .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
                .collect()
        })
        .find(|counts: &Vec<u64>| !counts.is_empty())
        .unwrap();
    assert!(counts.len() == 2 && counts[0] > 1000 && counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
}

#[test]
fn recursion_counts_inclusive_instructions_once() {
    let fib = "
        .func main
            load_const r0, 6
            load_const r1, \"fib\"
            call r1, r2, (r0)
            return r2
        .func fib
            load_const r1, 2
            lt r2, r0, r1
            jump_if_not r2, more
            return r0
        more:
            load_const r3, \"fib\"
            load_const r4, 1
            sub r5, r0, r4
            call r3, r6, (r5)
            sub r5, r5, r4
            call r3, r7, (r5)
            add r6, r6, r7
            return r6
    ";
    let vm = Vm::new(assemble(fib).unwrap());
    let mut profile = Profile::new(vm.module());
    let completion = vm.run(Run::new(&mut ()).observe(&mut profile)).unwrap();
    assert_eq!((completion.result, profile.steps()), (Value::Int(8), completion.steps));
    let calls = profile.calls();
    let of = |name: &str| calls.iter().find(|count| count.function == name).unwrap().clone();
    // fib(6) makes 25 calls of fib, and all that is not main's is fib's.
    assert_eq!((of("fib").calls, of("fib").inclusive), (25, completion.steps - 4));
    assert_eq!(
        (of("fib").exclusive, of("main").exclusive, of("main").inclusive),
        (completion.steps - 4, 4, completion.steps)
    );
    assert_eq!(profile.deepest(), 6);
    assert_eq!(profile.folded().lines().count(), 7);
    assert!(profile.memory_peak() > 0);
}

#[test]
fn an_observed_run_is_the_run_that_it_would_have_been() {
    // Reads the registers as often as anyone could, and holds copies of what it saw.
    struct Keeper(Vec<Value>);
    impl Observer for Keeper {
        fn before(&mut self, step: &Step<'_>) {
            self.0.extend(
                (0..=255)
                    .map(|register| step.register(machine_dialect_vm::Reg(register)).clone())
                    .filter(|value| *value != Value::Empty),
            );
            self.0.truncate(1 << 12);
        }
        fn after(&mut self, _: usize, written: Written<'_>) {
            self.0.extend(written.iter().map(|(_, value)| value.clone()));
        }
    }
    // Two phis that swap what they read, and an array that grows while the observer holds what it was.
    let phis = "
            load_const r0, 0
            new_array r9, r0
            load_const r1, 0
            load_const r2, 50
            load_const r3, 1
        enter: jump head
        head:
            phi r4, [r1: enter, r6: back]
            phi r5, [r3: enter, r4: back]
            lt r7, r4, r2
            jump_if_not r7, end
            array_set r9, r4, r5
            add r6, r4, r3
        back: jump head
        end: return r9
    ";
    let module = assemble(phis).unwrap();
    let vm = Vm::new(module);
    let mut keeper = Keeper(Vec::new());
    let plain = vm.run(Run::new(&mut ()));
    let observed = vm.run(Run::new(&mut ()).observe(&mut keeper));
    let (plain, observed) = (plain.unwrap(), observed.unwrap());
    assert_eq!((plain.result.to_json(), plain.steps), (observed.result.to_json(), observed.steps));
}
