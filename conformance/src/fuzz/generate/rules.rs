//! What the specification says of opcodes, for those who choose among them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use machine_dialect_vm::{FlowKind, Opcode, TypeId};
use mdvm_spec::Spec;
use mdvm_spec::model::Effect;

/// What the specification says of opcodes, looked up once.
pub(super) struct Tables {
    /// The opcodes that the generator may write for their own sake: those that go on to the next instruction.
    pub(super) plain: Vec<Choice>,
    pub(super) casts: Vec<(Vec<TypeId>, TypeId)>,
}

/// An opcode with one of the rules under which it does not fail.
pub(super) struct Choice {
    pub(super) opcode: Opcode,
    /// Whether it works on type tags.
    pub(super) uses_tags: bool,
    /// Operand name -> the types that the rule takes.
    pub(super) takes: BTreeMap<String, Vec<TypeId>>,
    pub(super) gives: Option<TypeId>,
}

pub(super) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| match Spec::embedded() {
        Ok(spec) => read_tables(&spec),
        // The crate's own tests read the same files, so this does not come up.
        Err(_) => Tables { plain: Vec::new(), casts: Vec::new() },
    })
}

fn read_tables(spec: &Spec) -> Tables {
    let types_of = |name: &str| -> Vec<TypeId> {
        match spec.values.classes.iter().find(|class| class.name == name) {
            Some(class) => class.types.iter().filter_map(|name| TypeId::from_name(name)).collect(),
            None => TypeId::from_name(name).into_iter().collect(),
        }
    };
    let mut plain = Vec::new();
    for entry in &spec.isa.opcodes {
        let Some(opcode) = Opcode::from_byte(entry.number) else { continue };
        if opcode.spec().flow != FlowKind::Next {
            continue;
        }
        for rule in entry.types.iter().filter(|rule| rule.error.is_none()) {
            let takes = rule.when.iter().map(|(name, class)| (name.clone(), types_of(class))).collect();
            let gives = rule.gives.as_deref().and_then(TypeId::from_name);
            let uses_tags =
                entry.effects.iter().any(|effect| Effect::from_name(effect) == Some(Effect::Tags));
            plain.push(Choice { opcode, uses_tags, takes, gives });
        }
    }
    let whole = spec.values.casts.iter().filter(|cast| cast.when.is_none());
    let casts = whole.filter_map(|cast| Some((types_of(&cast.from), TypeId::from_name(&cast.to)?))).collect();
    Tables { plain, casts }
}
