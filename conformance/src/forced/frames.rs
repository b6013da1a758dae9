//! Comparing two states of a run: all of it but what dead registers hold.

use serde_json::Value as Json;

use crate::liveness::{Liveness, Registers};
use crate::value::excerpt;

/// What differs first between the state of the interpreter and another at the same step, if anything that matters does.
pub(super) fn difference(
    live: &Liveness<'_>,
    interpreter: &str,
    forced: &str,
) -> Result<Option<String>, String> {
    if interpreter == forced {
        return Ok(None);
    }
    let parse = |text: &str| {
        serde_json::from_str::<Json>(text).map_err(|error| format!("a state is no JSON: {error}"))
    };
    let (mut left, mut right) = (parse(interpreter)?, parse(forced)?);
    let previous = left["previous"].as_u64().and_then(|pc| usize::try_from(pc).ok());
    let depth = left["frames"].as_array().map_or(0, Vec::len);
    for frame in 0..depth {
        let is_last = frame + 1 == depth;
        let pc = left["frames"][frame]["pc"].as_u64().and_then(|pc| usize::try_from(pc).ok()).unwrap_or(0);
        let known = if is_last { live.before(pc, previous) } else { live.after_call(pc) };
        let [one, other] = [&mut left, &mut right].map(|state| take_registers(state, frame));
        if let Some(problem) = registers(&known, &one, &other) {
            let place = if is_last { "at" } else { "at the call" };
            return Ok(Some(format!("in frame {frame}, {place} {pc}: {problem}")));
        }
    }
    let fields = left.as_object().into_iter().flatten();
    for (name, value) in fields {
        if *value != right[name] {
            return Ok(Some(format!(
                "{name}: the interpreter has {}, and the run {}",
                excerpt(&value.to_string()),
                excerpt(&right[name].to_string())
            )));
        }
    }
    Ok(None)
}

/// What each register of a frame holds.
type Values = Vec<Json>;

fn take_registers(state: &mut Json, frame: usize) -> Values {
    let mut values = vec![Json::Null; 256];
    let Some(held) = state["frames"].get_mut(frame).map(|frame| frame["registers"].take()) else {
        return values;
    };
    for pair in held.as_array().into_iter().flatten() {
        let register = pair[0].as_u64().and_then(|register| usize::try_from(register).ok());
        if let Some(place) = register.and_then(|register| values.get_mut(register)) {
            *place = pair[1].clone();
        }
    }
    values
}

/// The first register that differs where it must not.
fn registers(live: &Registers, interpreter: &Values, forced: &Values) -> Option<String> {
    let pairs = (0..=u8::MAX).zip(interpreter.iter().zip(forced));
    pairs.filter(|(_, (one, other))| one != other).find_map(|(register, (one, other))| {
        let why = if live.has(register) {
            "which may still be read"
        } else if [one, other].iter().any(|value| value.get("object").is_some()) {
            "of which one takes memory"
        } else {
            return None;
        };
        Some(format!("r{register}, {why}, is {one} in the interpreter and {other} in the run"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "load_const r1, 1\nadd r2, r1, r3\nreturn r2";

    fn state(registers: &str, steps: u64) -> String {
        format!(
            r#"{{"steps": {steps}, "previous": null, "frames": [{{"pc": 1, "registers": [{registers}]}}]}}"#
        )
    }

    fn differ(one: &str, other: &str) -> Option<String> {
        let module = machine_dialect_vm::assemble(TEXT).unwrap();
        difference(&Liveness::of(&module), one, other).unwrap()
    }

    #[test]
    fn a_dead_register_may_hold_another_scalar() {
        assert_eq!(differ(&state("[1, 1], [2, 5]", 1), &state("[1, 1]", 1)), None);
    }

    #[test]
    fn a_live_register_may_not() {
        let problem = differ(&state("[1, 1]", 1), &state("[1, true]", 1)).unwrap();
        assert!(
            problem.contains("r1, which may still be read, is 1 in the interpreter and true"),
            "{problem}"
        );
    }

    #[test]
    fn an_object_in_a_dead_register_counts() {
        let problem = differ(&state(r#"[2, {"object": 0}]"#, 1), &state("", 1)).unwrap();
        assert!(problem.contains("takes memory"), "{problem}");
    }

    #[test]
    fn all_else_is_compared() {
        assert!(differ(&state("", 1), &state("", 2)).unwrap().starts_with("steps: "));
    }
}
