//! Schedules of forced exits, as requests have them, and what answers tell of them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::schedule::{Report, Schedule, Site};

/// The schedule of a request.
pub(super) fn read(json: &Json) -> Result<Schedule, String> {
    let mut schedule = Schedule::default();
    for (name, value) in json.as_object().ok_or("`schedule` is no JSON object")? {
        match name.as_str() {
            "exit" => schedule.exit = numbers(name, value)?,
            "of" => {
                schedule.of =
                    Some(value.as_str().ok_or_else(|| format!("`of` is {value}, no string"))?.to_owned())
            }
            "refuse" => schedule.refuse = numbers(name, value)?,
            "unmap" => schedule.unmap = numbers(name, value)?,
            "switches" => schedule.switches = Some(number(name, value)?),
            "stop" => schedule.stop = value.as_bool().ok_or_else(|| format!("`stop` is {value}, no bool"))?,
            _ => {
                return Err(format!(
                    "a schedule has no `{name}`; it has exit, of, refuse, unmap, switches, stop"
                ));
            }
        }
    }
    Ok(schedule)
}

fn number(name: &str, json: &Json) -> Result<u64, String> {
    json.as_u64().ok_or_else(|| format!("`{name}` of a schedule has {json}, not a whole number of 64 bits"))
}

fn numbers(name: &str, json: &Json) -> Result<BTreeSet<u64>, String> {
    let list = json.as_array().ok_or_else(|| format!("`{name}` of a schedule is {json}, no list"))?;
    list.iter().map(|item| number(name, item)).collect()
}

/// What an answer tells.
pub(super) fn report(report: &Report) -> Json {
    let site =
        |site: &Site| json!({"tier": site.tier.name(), "op": site.op, "types": site.types, "pc": site.pc});
    let forced = report.forced.iter().map(|forced| {
        let mut json = site(&forced.site);
        json["steps"] = forced.steps.into();
        json
    });
    let places = report.places;
    json!({
        "places": {"exit": places.exit, "refuse": places.refuse, "unmap": places.unmap},
        "forced": forced.collect::<Json>(),
        "exits": report.exits.iter().map(site).collect::<Json>(),
    })
}
