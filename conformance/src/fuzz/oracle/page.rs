//! What must hold of any text as a page.

use machine_dialect_vm::language::{self, Diagnostics, Severity};
use machine_dialect_vm::{Limits, Module, Run, Vm};

use super::{MEMORY, OUTPUT, STEPS, check_end, fail};

/// A module is no larger than so many bytes for each of its page's, and so many more: the functions that helpers are.
const GROWTH: usize = 100;
const HELPERS: usize = 10_000;

/// Any bytes are a page that compiles to a module that loads and runs, or are refused with errors at their places. Formatting a page
/// changes nothing but its form, and a second time nothing at all.
pub(super) fn page(input: &[u8]) {
    if let Err(found) = language::decode(input, "page.md") {
        diagnostics(&String::from_utf8_lossy(input), &found);
    }
    let text = String::from_utf8_lossy(input);
    let checked = language::check(&text, "page.md");
    match language::compile(&text, "page.md") {
        Ok(compiled) => {
            assert!(checked.is_ok(), "what compiles is refused by a check");
            assert!(!compiled.warnings.has_errors());
            places(&text, &compiled.warnings);
            let encoded = compiled.module.encode();
            assert!(encoded.len() <= GROWTH * text.len() + HELPERS, "{} bytes of module", encoded.len());
            let decoded = Module::decode(&encoded);
            assert!(decoded.as_ref() == Ok(&compiled.module), "the module does not load: {decoded:?}");
            formatted(&text, &encoded);
            let limits = Limits {
                max_steps: Some(STEPS),
                max_memory: Some(MEMORY),
                max_output: Some(OUTPUT),
                ..Limits::default()
            };
            let ended = Vm::new(compiled.module).run(Run::new(&mut ()).limits(limits));
            check_end(&ended, STEPS);
            if let Err(failure) = ended {
                let sites = compiled.map.sites(failure.call_stack.iter().map(|site| site.pc));
                let lines = text.split('\n').count();
                assert!(sites.iter().all(|site| (1..=lines).contains(&(site.place.line as usize))));
            }
        }
        Err(found) => {
            assert!(found.has_errors(), "a page is refused without an error");
            diagnostics(&text, &found);
            let is_too_large =
                found.iter().any(|one| one.kind() == language::DiagnosticKind::ProgramTooLarge);
            assert!(checked.is_err() || is_too_large, "a check passes what does not compile");
            assert!(language::format(&text).is_err(), "a page with errors is formatted");
        }
    }
}

fn formatted(text: &str, encoded: &[u8]) {
    let formatted = match language::format(text) {
        Ok(formatted) => formatted,
        Err(found) => return fail(&format!("what compiles cannot be formatted: {found}")),
    };
    match language::compile(&formatted, "page.md") {
        Ok(again) => {
            assert!(again.module.encode() == encoded, "formatting changes the module:\n{formatted}");
        }
        Err(found) => fail(&format!("what is formatted does not compile: {found}\n{formatted}")),
    }
    match language::format(&formatted) {
        Ok(again) => assert!(again == formatted, "formatting twice gives\n{again}\nbehind\n{formatted}"),
        Err(found) => fail(&format!("what is formatted cannot be formatted: {found}")),
    }
}

fn diagnostics(text: &str, found: &Diagnostics) {
    assert!(found.iter().any(|one| one.severity() == Severity::Error));
    places(text, found);
    let shown = found.render(false);
    assert!(
        shown.contains("error") && !shown.chars().any(|sign| sign.is_control() && sign != '\n'),
        "{shown:?}"
    );
}

/// Each stands in the page, they are in order, and none is told twice.
fn places(text: &str, found: &Diagnostics) {
    let lines = text.split('\n').count() as u32;
    let mut before = None;
    for one in found.iter() {
        assert!(!one.message().is_empty());
        let place = one.place();
        assert!(place.line >= 1 && place.line <= lines && place.column >= 1, "{place:?}");
        assert!(before.is_none_or(|before| before <= place), "{before:?} is before {place:?}");
        before = Some(place);
    }
}
