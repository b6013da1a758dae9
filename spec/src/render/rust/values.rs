//! Type ids, assert kinds, costs, limits, and the constants of the file format.

use std::fmt::Write as _;

use super::{constant_name, literal};
use crate::Spec;
use crate::model::{LimitDefault, NoLimit, pascal_case};

pub(super) fn render(spec: &Spec) -> String {
    let mut out = super::header("spec/values.yaml and spec/format.yaml");
    render_types(spec, &mut out);
    render_assert_kinds(spec, &mut out);
    render_limits(spec, &mut out);
    render_constants(spec, &mut out);
    out
}

fn render_types(spec: &Spec, out: &mut String) {
    let types = &spec.values.types;
    let _ = writeln!(out, "\n/// The type of a value. Its number is what instructions encode.");
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]");
    let _ = writeln!(out, "#[repr(u8)]\npub enum TypeId {{");
    for entry in types {
        let _ = writeln!(out, "    /// `{}`", entry.name);
        let _ = writeln!(out, "    {} = {},", pascal_case(&entry.name), entry.id);
    }
    let _ = writeln!(out, "}}\n\nimpl TypeId {{");
    let _ = writeln!(out, "    /// Every type, in order of its id.\n    pub const ALL: &'static [Self] = &[");
    for entry in types {
        let _ = writeln!(out, "        Self::{},", pascal_case(&entry.name));
    }
    let _ = writeln!(out, "    ];");
    for (function, doc, text) in [
        ("name", "The name, as in `int`.", (|entry| &entry.name) as fn(&crate::model::TypeEntry) -> &String),
        ("title", "The name as some messages show it, as in `Int`.", |entry| &entry.title),
    ] {
        let _ = writeln!(out, "\n    /// {doc}\n    #[must_use]");
        let _ = writeln!(out, "    pub fn {function}(self) -> &'static str {{\n        match self {{");
        for entry in types {
            let _ =
                writeln!(out, "            Self::{} => {},", pascal_case(&entry.name), literal(text(entry)));
        }
        let _ = writeln!(out, "        }}\n    }}");
    }
    let _ = writeln!(out, "}}");
}

fn render_assert_kinds(spec: &Spec, out: &mut String) {
    let kinds = &spec.values.assert_kinds;
    let _ = writeln!(out, "\n/// What an assertion checks. Its number is what instructions encode.");
    let _ = writeln!(
        out,
        "#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]\n#[repr(u8)]\npub enum AssertKind {{"
    );
    for kind in kinds {
        let _ = writeln!(out, "    /// `{}`: {}.", kind.name, kind.passes_when);
        let _ = writeln!(out, "    {} = {},", pascal_case(&kind.name), kind.id);
    }
    let _ = writeln!(out, "}}\n\nimpl AssertKind {{");
    let _ = writeln!(out, "    /// Every kind, in order of its id.\n    pub const ALL: &'static [Self] = &[");
    for kind in kinds {
        let _ = writeln!(out, "        Self::{},", pascal_case(&kind.name));
    }
    let _ = writeln!(out, "    ];\n\n    /// The name in assembly.\n    #[must_use]");
    let _ = writeln!(out, "    pub fn name(self) -> &'static str {{\n        match self {{");
    for kind in kinds {
        let _ = writeln!(out, "            Self::{} => {},", pascal_case(&kind.name), literal(&kind.name));
    }
    let _ = writeln!(out, "        }}\n    }}\n}}");
}

fn render_limits(spec: &Spec, out: &mut String) {
    let limits = &spec.values.run_limits;
    let _ = writeln!(out, "\n/// The limits of a run. `None` is no limit.");
    let _ = writeln!(out, "#[derive(Debug, Clone, PartialEq, Eq)]\npub struct Limits {{");
    for limit in limits {
        let _ = writeln!(out, "    /// In {}; over it the run ends with `{}`.", limit.unit, limit.error);
        let _ = writeln!(out, "    pub {}: Option<u64>,", limit.name);
    }
    let _ = writeln!(out, "}}\n\nimpl Default for Limits {{\n    fn default() -> Self {{\n        Self {{");
    for limit in limits {
        let value = match limit.default {
            LimitDefault::Number(number) => format!("Some({number})"),
            LimitDefault::Word(NoLimit::None) => "None".to_owned(),
        };
        let _ = writeln!(out, "            {}: {value},", limit.name);
    }
    let _ = writeln!(out, "        }}\n    }}\n}}\n\nimpl Limits {{");
    let _ =
        writeln!(out, "    /// The names of the limits.\n    pub const NAMES: &'static [&'static str] = &[");
    for limit in limits {
        let _ = writeln!(out, "        {},", literal(&limit.name));
    }
    let _ = writeln!(out, "    ];\n\n    /// The limit of that name, to be set.");
    let _ = writeln!(
        out,
        "    pub fn by_name(&mut self, name: &str) -> Option<&mut Option<u64>> {{\n        match name {{"
    );
    for limit in limits {
        let _ = writeln!(out, "            {} => Some(&mut self.{}),", literal(&limit.name), limit.name);
    }
    let _ = writeln!(out, "            _ => None,\n        }}\n    }}\n}}");
}

fn render_constants(spec: &Spec, out: &mut String) {
    let values = &spec.values;
    let _ = writeln!(out, "\n/// The memory cost model, in bytes.\npub(crate) mod costs {{");
    for cost in &values.costs {
        let _ = writeln!(out, "    /// For {}.", cost.summary);
        let _ = writeln!(out, "    pub(crate) const {}: u64 = {};", constant_name(&cost.name), cost.bytes);
    }
    let _ = writeln!(out, "}}\n");
    let _ = writeln!(out, "/// The weight over which an outcome elides a value.");
    // Only those who write outcomes need it.
    out.push_str("#[cfg(any(feature = \"json\", feature = \"pyo3\"))]\n");
    let _ = writeln!(out, "pub(crate) const OUTCOME_WEIGHT_LIMIT: u64 = {};\n", values.outcome_weight_limit);
    let _ = writeln!(out, "/// How many bytes of a value's text a trace digest takes in.");
    let _ = writeln!(out, "pub(crate) const TRACE_TEXT_BYTES: usize = {};\n", values.trace_text_bytes);
    let _ = writeln!(out, "/// How many instructions a trace holds.");
    let _ = writeln!(out, "pub const TRACE_STEPS: usize = {};\n", values.trace_steps);
    let _ = writeln!(out, "/// How many open scopes a frame remembers.");
    let _ = writeln!(out, "pub(crate) const TRACKED_SCOPES: usize = {};", values.tracked_scopes);

    let format = &spec.format;
    let _ = writeln!(out, "\n/// What a loader reads, as its errors call it.\npub(crate) mod reads {{");
    for read in &format.reads {
        let name = read.replace(' ', "_").to_ascii_uppercase();
        let _ = writeln!(out, "    pub(crate) const {name}: &str = {};", literal(read));
    }
    let _ = writeln!(out, "}}");
    let _ = writeln!(out, "\n/// The constants of the file format.\npub(crate) mod format {{");
    let bytes: Vec<String> = format.magic.bytes().map(|byte| format!("{byte:#04x}")).collect();
    let _ = writeln!(
        out,
        "    /// The first bytes of a module: `{}`.\n    pub const MAGIC: [u8; 4] = [{}];",
        format.magic,
        bytes.join(", ")
    );
    let _ = writeln!(out, "    pub(crate) const VERSION: u32 = {};", format.version);
    let _ = writeln!(out, "    pub(crate) const FLAGS: u32 = {};", format.flags);
    let _ = writeln!(out, "    pub(crate) const HEADER_BYTES: u32 = {};", format.header_bytes());
    let _ = writeln!(out, "    pub(crate) const ENTRY_FUNCTION: &str = {};", literal(&format.entry_function));
    for limit in &format.limits {
        let _ = writeln!(out, "    /// {}.", limit.reason);
        let _ =
            writeln!(out, "    pub(crate) const MAX_{}: u32 = {};", constant_name(&limit.name), limit.value);
    }
    for section in format.sections.iter() {
        if let Some(least) = section.least {
            let name = constant_name(&section.name);
            let _ = writeln!(out, "    pub(crate) const LEAST_BYTES_OF_{name}: u32 = {least};");
        }
    }
    let _ = writeln!(out, "}}");
    let state = &spec.state;
    let _ = writeln!(
        out,
        "\n/// The constants of states.\npub(crate) mod state {{\n    /// The version.\n    #[cfg(feature = \"json\")]\n    pub(crate) const VERSION: u64 = {};\n}}",
        state.version
    );
    let map = &format.source_map;
    let _ = writeln!(
        out,
        "\n/// The constants of source maps.\n#[allow(dead_code)]\npub(crate) mod source_map {{"
    );
    let _ = writeln!(
        out,
        "    /// The extension of the file.\n    pub(crate) const EXTENSION: &str = {};",
        literal(&map.extension)
    );
    let _ = writeln!(
        out,
        "    /// The first bytes of a source map.\n    pub(crate) const MAGIC: &[u8] = b{};",
        literal(&map.magic)
    );
    for (name, doc, value) in [
        ("VERSION", "The version.", map.version),
        ("HEADER_BYTES", "The size of the header.", map.header_bytes()),
        (
            "MODULE_HASH_BYTES",
            "How many bytes of the module's SHA-256 the header has.",
            map.module_hash_bytes(),
        ),
        ("SECTIONS", "How many sections there are.", map.sections.len() as u32),
    ] {
        let _ = writeln!(out, "    /// {doc}\n    pub(crate) const {name}: u32 = {value};");
    }
    let _ = writeln!(out, "}}");
}
