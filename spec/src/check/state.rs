//! Whether `state.yaml` holds together.

use super::{Report, check_summary, report_duplicates};
use crate::Spec;
use crate::source::{Problem, Source};

pub(super) fn check(spec: &Spec, source: &Source, problems: &mut Vec<Problem>) {
    let state = &spec.state;
    if !state.extension.starts_with('.') {
        let message = format!("the extension \"{}\" does not begin with a dot", state.extension);
        problems.push(source.problem_at_key("extension", message));
    }
    report_duplicates(source, "forms", state.forms.iter().map(|form| form.name.as_str()), problems);
    for (index, form) in state.forms.iter().enumerate() {
        let mut report = Report { source, list: "forms", index, problems };
        check_summary(&form.summary, &mut report);
        if let Some(later) =
            state.forms[index..].iter().find(|one| form.schema.contains(&format!("{{{}}}", one.name)))
        {
            let message = format!("form `{}` has `{}` in it, which is not before it", form.name, later.name);
            report.add("schema", message);
        }
    }
    for (key, fields) in state.lists() {
        report_duplicates(source, key, fields.iter().map(|field| field.name.as_str()), problems);
        for (index, field) in fields.iter().enumerate() {
            let mut report = Report { source, list: key, index, problems };
            check_summary(&field.summary, &mut report);
            if !state.forms.iter().any(|form| form.name == field.form) {
                report.add("form", format!("field `{}` has the unknown form `{}`", field.name, field.form));
            }
        }
    }
    for (index, object) in state.objects.iter().enumerate() {
        if !spec.values.types.iter().any(|one| one.name == object.name) {
            let mut report = Report { source, list: "objects", index, problems };
            report.add("name", format!("object `{}` is no type of values.yaml", object.name));
        }
    }
}
