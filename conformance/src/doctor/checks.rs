//! The checks, in the order in which an implementer can mend what they find.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use machine_dialect_vm::asm::assemble_bytes;
use machine_dialect_vm::escape::visible;

use super::{Check, Note, Program, Said, Session, Trouble};
use crate::plug::{Request, Subject};
use crate::states::{self, Came, Speaker};
use crate::value::ValueText;
use crate::worker::Event;

/// Every check.
pub const CHECKS: &[Check] = &[
    Check { title: "says who it is", examine: says_who_it_is },
    Check { title: "runs a module", examine: runs_a_module },
    Check { title: "keeps what programs print off its stdout", examine: keeps_output },
    Check { title: "reports a failing instruction", examine: reports_a_failure },
    Check { title: "refuses modules that do not load", examine: refuses_modules },
    Check { title: "writes every kind of value", examine: writes_values },
    Check { title: "takes initial globals", examine: takes_globals },
    Check { title: "begins every run afresh", examine: begins_afresh },
    Check { title: "keeps to the limits of a run", examine: keeps_limits },
    Check { title: "answers many requests in flight", examine: answers_many },
    Check { title: "takes big modules and gives big outcomes", examine: takes_big_modules },
    Check { title: "writes deeply nested values", examine: writes_deep_values },
    Check { title: "passes over empty lines", examine: passes_empty_lines },
    Check { title: "survives lines that are no requests", examine: survives_garbage },
    Check { title: "survives requests that make no sense", examine: survives_nonsense },
    Check { title: "gives back ids of other kinds", examine: gives_back_ids },
    Check { title: "traces", examine: traces },
    Check { title: "stops and goes on", examine: stops_and_goes_on },
    Check { title: "can be killed and started again", examine: starts_again },
    Check { title: "ends when its input ends", examine: ends_with_input },
];

const RETURN_42: &str = "load_const r0, 42\n return r0\n";
const OUTCOME_42: &str = r#"{"status": "ok", "result": 42, "stdout": "", "steps": 2, "globals": {}}"#;
/// How many requests are sent before the first answer is read.
const MANY: usize = 500;

fn says_who_it_is(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let title = session.handshake.title();
    if session.handshake.name.is_empty() || session.handshake.version.is_empty() {
        return Err(Trouble::new("its name or its version is empty", "its ledger is called after both"));
    }
    let unreported: Vec<_> = session.handshake.unreported.iter().map(|field| field.name()).collect();
    if unreported.is_empty() {
        return Ok(Some(format!("{title}, which reports everything")));
    }
    Ok(Some(format!("{title}, which does not report {}", unreported.join(", "))))
}

fn runs_a_module(session: &mut Session<'_>) -> Result<Note, Trouble> {
    session.expect(&Program::new(RETURN_42), OUTCOME_42, super::OUTCOME_HINT)?;
    Ok(None)
}

fn keeps_output(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let text = "load_const r0, \"{\\\"id\\\": 1}\"\n debug_print r0\n load_const r0, \"é\"\n debug_print r0\n return\n";
    let expected = r#"{"status": "ok", "result": null, "stdout": "{\"id\": 1}\né\n"}"#;
    session.expect(
        &Program::new(text),
        expected,
        "what a program prints goes into `stdout` of its outcome",
    )?;
    Ok(None)
}

fn reports_a_failure(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let text = "load_const r0, 1\n debug_print r0\n load_const r1, 0\n div r2, r0, r1\n return r2\n";
    let expected = r#"{"status": "runtime_error", "kind": "DivisionByZero", "message": "Division by zero", "pc": 3,
                       "function": "main", "stdout": "1\n", "steps": 4, "globals": {}}"#;
    session.expect(
        &Program::new(text),
        expected,
        "`pc` counts instructions, not bytes; `steps` counts the failing one too",
    )?;
    Ok(None)
}

fn refuses_modules(session: &mut Session<'_>) -> Result<Note, Trouble> {
    // Base64 of no bytes at all, and of a wrong magic followed by zeros.
    for (id, module, kind) in [("1", String::new(), "UnexpectedEof"), ("2", "A".repeat(40), "InvalidMagic")] {
        session.send(format!(r#"{{"id": {id}, "module": "{module}"}}"#));
        let found = session.outcome_of(id)?;
        let expected = format!(r#"{{"status": "load_error", "kind": "{kind}"}}"#);
        session.compare(
            &found,
            &expected,
            "a module that does not load is an outcome, not an error of the protocol",
        )?;
    }
    session.expect(
        &Program::new(RETURN_42),
        OUTCOME_42,
        "a module that does not load leaves nothing behind",
    )?;
    Ok(None)
}

fn writes_values(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let values = [
        ("9223372036854775807", "9223372036854775807", "ints have 64 bits; a double cannot hold them"),
        ("-9223372036854775808", "-9223372036854775808", "ints have 64 bits; a double cannot hold them"),
        ("1.0", r#"{"float": "1"}"#, r#"a float is {"float": "…"}, whatever its value"#),
        ("-0.0", r#"{"float": "-0"}"#, "the sign of a zero counts"),
        ("nan", r#"{"float": "nan"}"#, "JSON has no NaN; it is the text \"nan\""),
        ("-inf", r#"{"float": "-inf"}"#, "JSON has no infinity; it is the text \"-inf\""),
        ("0.1", r#"{"float": "0.1"}"#, "the fewest digits that read back as the same float"),
        ("5e-324", r#"{"float": "5e-324"}"#, "the fewest digits that read back as the same float"),
        ("true", "true", "bools are JSON's"),
        ("empty", "null", "empty is JSON's null"),
        (r#""\u{1F600}\"\\\n\u{0}""#, r#""😀\"\\\n\u0000""#, "strings are JSON's, in UTF-8 or escaped"),
    ];
    for (literal, json, hint) in values {
        let text = format!("load_const r0, {literal}\n return r0\n");
        session.expect(&Program::new(&text), &format!(r#"{{"status": "ok", "result": {json}}}"#), hint)?;
    }
    let dict = "dict_new r0\n load_const r1, \"b\"\n load_const r2, 1\n dict_set r0, r1, r2\n load_const r1, \"a\"\n \
                new_array r2, r2\n dict_set r0, r1, r2\n return r0\n";
    let expected = r#"{"status": "ok", "result": {"dict": [["b", 1], ["a", [null]]]}}"#;
    session.expect(
        &Program::new(dict),
        expected,
        r#"a dict is {"dict": [["key", value], …]} in the order of insertion"#,
    )?;
    Ok(None)
}

fn takes_globals(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let mut program = Program::new("load_global r0, \"x\"\n store_global r0, \"y\"\n return r0\n");
    let json = r#"[1,{"float":"1.5"},{"dict":[["k",null]]},{"url":"https://example.org"}]"#;
    let value = ValueText::from_json(json).map_err(|problem| Trouble::new(problem, ""))?;
    program.globals.insert("x".to_owned(), value);
    let expected =
        format!(r#"{{"status": "ok", "result": {json}, "globals": {{"x": {json}, "y": {json}}}}}"#);
    session.expect(
        &program,
        &expected,
        "`globals` of a request are there before the run, in the form of outcomes",
    )?;
    Ok(None)
}

fn begins_afresh(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let store = "load_const r7, 1\n store_global r7, \"x\"\n debug_print r7\n return\n";
    session.expect(
        &Program::new(store),
        r#"{"status": "ok", "steps": 4}"#,
        "`steps` counts the instructions of this run",
    )?;
    let load = "load_global r0, \"x\"\n eq r0, r0, r7\n return r0\n";
    let expected = r#"{"status": "ok", "result": true, "stdout": "", "steps": 3, "globals": {}}"#;
    session.expect(
        &Program::new(load),
        expected,
        "registers, globals, output and steps of an earlier run must not show",
    )?;
    Ok(None)
}

fn keeps_limits(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let mut program = Program::new("again: jump again\n");
    program.limits.insert("max_steps".to_owned(), 1000);
    let expected = r#"{"status": "runtime_error", "kind": "StepLimitExceeded", "pc": 0, "steps": 1000}"#;
    session.expect(
        &program,
        expected,
        "`limits` of a request bind its run; see `run_limits` in spec/values.yaml",
    )?;
    Ok(None)
}

fn answers_many(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let text = format!("load_const r0, \"{}\"\n return r0\n", "x".repeat(1000));
    for id in 0..MANY {
        session.send(Program::new(&text).line(&id.to_string())?);
    }
    let mut ids = Vec::new();
    while ids.len() < MANY {
        let Said { id, line, .. } = session.answer().map_err(|trouble| {
            let seen = format!("{} of {MANY} answers came; {}", ids.len(), trouble.problem);
            Trouble::new(seen, "read and write independently, or answer each line before you read the next")
        })?;
        match id.parse::<usize>() {
            Ok(number) if number < MANY && !ids.contains(&number) => ids.push(number),
            Ok(_) | Err(_) => {
                return Err(Trouble::new(
                    format!("an answer has the wrong id: {line}"),
                    "give back the id of the request",
                ));
            }
        }
    }
    Ok((!ids.is_sorted()).then(|| "its answers come out of order, which is allowed".to_owned()))
}

fn takes_big_modules(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let big = "x".repeat(2_000_000);
    let text = format!("load_const r0, \"{big}\"\n{}return r0\n", "nop\n".repeat(50_000));
    let expected = format!(r#"{{"status": "ok", "result": "{big}", "steps": 50002}}"#);
    session.expect(&Program::new(&text), &expected, "a line may be megabytes long: read to its end")?;
    Ok(None)
}

fn writes_deep_values(session: &mut Session<'_>) -> Result<Note, Trouble> {
    const DEPTH: usize = 20_000;
    let text = format!(
        "load_const r0, 0\n load_const r1, 1\n load_const r2, {DEPTH}\n load_const r5, 0\n new_array r3, r0\n\
         more: new_array r4, r1\n array_set r4, r5, r3\n move r3, r4\n sub r2, r2, r1\n gt r6, r2, r0\n jump_if r6, more\n\
         return r3\n"
    );
    let nested = format!("{}{}", "[".repeat(DEPTH + 1), "]".repeat(DEPTH + 1));
    let expected = format!(r#"{{"status": "ok", "result": {nested}}}"#);
    session.expect(
        &Program::new(&text),
        &expected,
        "write values with a stack of your own; recursion runs out of stack",
    )?;
    Ok(None)
}

fn passes_empty_lines(session: &mut Session<'_>) -> Result<Note, Trouble> {
    session.send("");
    session.send("  ");
    session.expect(
        &Program::new(RETURN_42),
        OUTCOME_42,
        "an empty line is no request and no end of input",
    )?;
    Ok(None)
}

fn survives_garbage(session: &mut Session<'_>) -> Result<Note, Trouble> {
    for line in ["this is no JSON", "[]", "{", "null", "\u{0}\u{7f}é"] {
        session.send(line);
    }
    session.expect(
        &Program::new(RETURN_42),
        OUTCOME_42,
        r#"answer {"id": null, "error": "…"} or nothing, and go on"#,
    )?;
    Ok(None)
}

fn survives_nonsense(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let requests = [
        (r#"{"id": 11}"#, "11"),
        (r#"{"id": 12, "module": "***"}"#, "12"),
        (r#"{"id": 13, "module": 5}"#, "13"),
        (r#"{"id": 14, "module": "TURCQw==", "limits": {"max_steps": -1}}"#, "14"),
    ];
    for (line, _) in requests {
        session.send(line);
    }
    session.send(Program::new(RETURN_42).line("1")?);
    let mut answered = Vec::new();
    loop {
        let said = session.answer()?;
        if said.id == "1" {
            break;
        }
        answered.push(said.id);
    }
    let silent: Vec<_> = requests.iter().filter(|(_, id)| !answered.iter().any(|seen| seen == id)).collect();
    match silent.first() {
        Some((line, _)) => Err(Trouble::new(
            format!("there was no answer to {line}"),
            r#"answer {"id": …, "error": "what is wrong"}; the other side waits for it"#,
        )),
        None => Ok(None),
    }
}

fn gives_back_ids(session: &mut Session<'_>) -> Result<Note, Trouble> {
    let mut refused = Vec::new();
    for id in ["0", "9007199254740993", "\"a b\"", "\"é\\n\""] {
        session.send(Program::new(RETURN_42).line(id)?);
        let said = session.answer()?;
        let same = serde_json::from_str::<serde_json::Value>(&said.id).ok() == serde_json::from_str(id).ok();
        match (same, &said.outcome, id.starts_with('"')) {
            (true, Some(_), _) => {}
            (_, None, true) => refused.push(id),
            (_, _, _) => {
                let problem = format!("the id {id} came back as {}: {}", visible(&said.id), said.line);
                return Err(Trouble::new(problem, "give back the id as it came; numbers have up to 64 bits"));
            }
        }
    }
    Ok((!refused.is_empty())
        .then(|| "it takes only numbers as ids, which is all that this harness sends".to_owned()))
}

fn traces(session: &mut Session<'_>) -> Result<Note, Trouble> {
    session.send(Program { trace: true, ..Program::new(RETURN_42) }.line("1")?);
    let said = session.answer()?;
    let hint = "`trace` is optional, but a request with it must be answered";
    match (said.outcome, said.has_trace) {
        (None, _) => Err(Trouble::new(format!("the answer has no outcome: {}", said.line), hint)),
        (Some(_), true) => Ok(None),
        (Some(_), false) => {
            Ok(Some("it does not; then nobody can be told at which instruction it first differs".to_owned()))
        }
    }
}

fn stops_and_goes_on(session: &mut Session<'_>) -> Result<Note, Trouble> {
    if !session.handshake.states {
        return Ok(Some("it speaks version 1 of the protocol, which has no states".to_owned()));
    }
    let hint = "see \"States\" in docs/your-own-vm.md, and spec/state.schema.json";
    let wrong = |problem: String| Trouble::new(problem, hint);
    let module = assemble_bytes(STOPS).map_err(|error| Trouble::new(error.to_string(), ""))?;
    let (limits, globals) = (BTreeMap::new(), BTreeMap::new());
    let request = Request {
        subject: Subject::Module(&module),
        limits: &limits,
        globals: &globals,
        trace: false,
        schedule: None,
    };
    let speaker = || Speaker::new(session.launcher, session.timeout);
    let (mut one, mut other) = (speaker(), speaker());
    states::check([&mut one, &mut other], &request, |taken| (0..=taken).collect()).map_err(wrong)?;
    let Came::Stopped(stopped) = one.run(&request, None, Some(5)).map_err(wrong)? else {
        return Err(wrong("it does not stop after 5 steps".to_owned()));
    };
    let lying = stopped.state.replace("\"memory\"", "\"memory\": 1, \"was\"");
    match one.run(&request, Some(&lying), None).map_err(wrong)? {
        Came::Refused { .. } => Ok(None),
        Came::End(_) | Came::Stopped(_) => {
            Err(wrong("it goes on from a state with a field too many".to_owned()))
        }
    }
}

/// Values that share parts, a call and a phi.
const STOPS: &str = "load_const r0, 0
    new_array r1, r0
    array_set r1, r0, r1
    load_const r2, \"f\"
    store_global r1, \"list\"
before:
    call r2, r3, (r1)
    phi r4, [r3: before]
    debug_print r4
    return r4
.func f
    array_set r0, r1, r0
    array_len r1, r0
    return r1
";

fn starts_again(session: &mut Session<'_>) -> Result<Note, Trouble> {
    for id in 0..MANY {
        session.send(Program::new(RETURN_42).line(&id.to_string())?);
    }
    session.answer()?;
    session.worker.kill();
    let mut again = Session::start(session.launcher, session.timeout)?;
    let hint = "leave nothing behind that a second process would stumble over, such as a lock or a port";
    again.expect(&Program::new(RETURN_42), OUTCOME_42, hint)?;
    Ok(None)
}

fn ends_with_input(session: &mut Session<'_>) -> Result<Note, Trouble> {
    session.send(Program::new(RETURN_42).line("1")?);
    session.worker.close_input();
    session.outcome_of("1")?;
    let deadline = Instant::now() + session.timeout;
    loop {
        match session.worker.next(deadline.saturating_duration_since(Instant::now())) {
            Event::Ended(how) if how.contains("exit status: 0") || how == "it ended" => return Ok(None),
            Event::Ended(how) => {
                return Err(Trouble::new(
                    format!("it ended with {how}"),
                    "the end of stdin is a success: exit with 0",
                ));
            }
            Event::Silence => {
                let problem = format!("it still runs {:.1} s later", Duration::as_secs_f64(&session.timeout));
                return Err(Trouble::new(problem, "stop reading at the end of stdin, and exit with 0"));
            }
            Event::Overlong(what) => return Err(Trouble::new(what, "end each answer with a newline")),
            Event::Line(line) => {
                session.count_line()?;
                session.note_noise(&line);
            }
        }
    }
}
