//! Specialised code: what it is made of.

#[cfg(machine_code)]
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

#[cfg(machine_code)]
use crate::exec::analysis::{Element, Origin, Site};
use crate::exec::analysis::{FlowGraph, Ownership};
use crate::exec::interpreter::Program;
#[cfg(machine_code)]
use crate::exec::specialise::context::Source;
use crate::exec::specialise::context::TypeContext;
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp};
use crate::isa::Reg;
use crate::runtime::FunctionIndex;
#[cfg(machine_code)]
use crate::runtime::Machine;
#[cfg(machine_code)]
use crate::value::Value;

/// Where specialised code is left for the baseline interpreter, or for specialised code that was made for other types of values.
pub(crate) struct Exit {
    /// The baseline instruction to go on with.
    pub(crate) pc: u32,
    pub(crate) context: Rc<TypeContext>,
    /// How often it was taken.
    pub(crate) taken: u32,
    /// The code to go on with instead, once there is some.
    pub(crate) other: Option<CodeAddr>,
}

/// Code that is made when control reaches it for the first time.
pub(crate) struct Stub {
    /// The baseline instruction it begins with.
    pub(crate) pc: u32,
    pub(crate) context: TypeContext,
    /// Whether phis and meeting paths at `pc` are dealt with already.
    pub(crate) is_inside: bool,
    /// A register that was written just before, to be looked at.
    pub(crate) written: Option<Reg>,
    /// What leads there.
    pub(crate) from: From,
}

/// What leads to a stub, and is to lead to the code once it is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum From {
    /// The instruction at a position.
    Code(usize),
    /// The return of a call.
    Return { site: usize },
    /// A call.
    Call { site: usize },
}

/// A call.
pub(crate) struct CallSite {
    pub(crate) function: FunctionIndex,
    /// The baseline instruction.
    pub(crate) pc: u32,
    pub(crate) dst: u8,
    /// The registers of the caller that hold the arguments.
    pub(crate) args: Box<[Slot]>,
    /// The registers of the callee, arguments aside, that must be empty.
    pub(crate) clear: Box<[Slot]>,
    /// How many registers the callee can touch.
    pub(crate) registers: u16,
    /// The code of the callee.
    pub(crate) callee: CodeAddr,
    /// The code to come back to.
    pub(crate) back: CodeAddr,
    /// The code to come back to with an int, a float or a bool.
    pub(crate) back_with_int: CodeAddr,
    pub(crate) back_with_float: CodeAddr,
    pub(crate) back_with_bool: CodeAddr,
    /// What is true when the call comes back.
    pub(crate) after: Rc<TypeContext>,
    /// The other functions that the same call leads to.
    pub(crate) family: Option<u32>,
}

/// The functions that one call leads to, by what it was given.
#[derive(Default)]
pub(crate) struct Family {
    /// A call for each of them. They differ in the function, and come back to the same code.
    sites: Vec<u32>,
    /// The call of each function.
    by_function: HashMap<FunctionIndex, u32, RandomState>,
}

impl Family {
    /// A call that leads to more functions is left to the baseline interpreter where it leads to another.
    const MAX: usize = 1 << 10;

    pub(crate) fn sites(&self) -> &[u32] {
        &self.sites
    }

    /// The call of a function, if it is known.
    pub(crate) fn site(&self, function: FunctionIndex) -> Option<u32> {
        let site = self.by_function.get(&function).copied();
        if planted!("family-first") { site.and(self.sites.first().copied()) } else { site }
    }

    pub(crate) fn add(&mut self, function: FunctionIndex, site: u32) {
        self.by_function.insert(function, site);
        self.sites.push(site);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.sites.len() >= Self::MAX
    }
}

/// Code for a place where paths meet, made for what was known on one of them.
pub(crate) struct Version {
    pub(crate) context: TypeContext,
    pub(crate) at: CodeAddr,
}

/// So many blocks are made for one place with all that is known of values, and then so many more with less.
const MAX_EXACT: usize = 4;
pub(crate) const MAX_VERSIONS: usize = 8;

/// [`MAX_EXACT`], unless it is switched off.
pub(crate) fn max_exact() -> usize {
    if without!("versions") { 0 } else { MAX_EXACT }
}

/// The specialised code of a program. It grows while the program runs.
pub(crate) struct Code {
    pub(crate) graph: FlowGraph,
    /// Whether a container may be taken away from a register or global that will be overwritten; its state must not be seen then.
    pub(crate) elides_copies: bool,
    pub(crate) ownership: Ownership,
    /// So many instructions of the module may be looked into.
    analysis_budget: usize,
    /// How many phis the builder has looked at. It looks at all of a run each time that another value becomes known.
    pub(crate) phis_seen: u64,
    pub(crate) ops: Vec<SpecOp>,
    /// By position, the exit of an instruction; those that have none have a number all the same.
    pub(crate) exit_of: Vec<u32>,
    pub(crate) exits: Vec<Exit>,
    /// A stub is taken out when its code is made.
    pub(crate) stubs: Vec<Option<Box<Stub>>>,
    pub(crate) sites: Vec<CallSite>,
    pub(crate) families: Vec<Family>,
    /// Registers that returns clear. The first clears none.
    pub(crate) clears: Vec<Box<[Slot]>>,
    pub(crate) versions: HashMap<u32, Vec<Version>>,
    /// Nothing leads to code behind this position but the code before it.
    pub(crate) floor: usize,
    /// How often there was more code, or code led elsewhere.
    pub(crate) changes: u32,
    /// The first instruction that became another since machine code was last made of it, if one did.
    rewritten: Option<usize>,
    /// By position, the writes that were spared a copy.
    #[cfg(machine_code)]
    known_writes: RefCell<Vec<Option<Box<KnownWrite>>>>,
}

/// A write that was spared a copy.
#[cfg(machine_code)]
struct KnownWrite {
    container: Reg,
    site: Rc<Site>,
    /// The element that the container is, and where what leads to it stands in specialised code.
    element: Option<(Element, KeySource)>,
}

/// What leads to an element.
#[cfg(machine_code)]
enum KeySource {
    Slot(u8),
    Value(Value),
}

#[cfg(machine_code)]
impl Code {
    /// Notes what is known of the write at that position.
    pub(crate) fn learn_write(&self, at: CodeAddr, container: Reg, program: &Program, site: Rc<Site>) {
        let Ok(mut known) = self.known_writes.try_borrow_mut() else { return };
        let element = site.element();
        let place = at.index();
        if let Some(Some(known)) = known.get(place)
            && known.element.as_ref().map(|(element, _)| *element) == element
        {
            return;
        }
        let context = &self.exit_at(at).context;
        let constant = |constant: u16| KeySource::Value(program.constants[usize::from(constant)].clone());
        let key = |element: Element| match element.key {
            Origin::Constant(number) => constant(number),
            Origin::Register(register) => match context.source(register) {
                Source::Slot(slot) => KeySource::Slot(slot),
                Source::Constant(number) => constant(number),
                Source::Bool(value) => KeySource::Value(Value::Bool(value)),
            },
        };
        let element = element.map(|element| (element, key(element)));
        if known.len() <= place {
            known.resize_with(self.ops.len(), || None);
        }
        if let Some(known) = known.get_mut(place) {
            *known = Some(Box::new(KnownWrite { container, site, element }));
        }
    }

    /// Has whoever else holds an array let go of it before a scalar is written to an element, if that is known of the write.
    #[inline]
    pub(crate) fn elide_known_copy(&self, at: CodeAddr, machine: &mut Machine<'_>, index: i64) -> bool {
        let Ok(known) = self.known_writes.try_borrow() else { return false };
        let Some(Some(KnownWrite { container, site, element })) = known.get(at.index()).map(Option::as_deref)
        else {
            return false;
        };
        match element {
            None => site.elide_copy(machine, container.0, index, None),
            Some((element, KeySource::Value(key))) => {
                site.elide_copy(machine, container.0, index, Some((*element, key)))
            }
            Some((element, KeySource::Slot(slot))) => {
                let key = machine.stack[machine.frame.base + usize::from(*slot)].clone();
                site.elide_copy(machine, container.0, index, Some((*element, &key)))
            }
        }
    }
}

impl Code {
    /// No more instructions than this are made for one module; the rest is left to the baseline interpreter. An instruction and all that belongs
    /// to it take some hundred bytes, so this bounds what a hostile module can make of it.
    ///
    /// There is less room in a build with mutants, so that short programs fill it.
    const MAX_OPS: usize = if cfg!(feature = "planted") { 1 << 10 } else { 1 << 14 };

    pub(crate) fn new(graph: FlowGraph) -> Self {
        Self {
            graph,
            elides_copies: true,
            ownership: Ownership::default(),
            analysis_budget: 0,
            phis_seen: 0,
            ops: Vec::new(),
            exit_of: Vec::new(),
            exits: Vec::new(),
            stubs: Vec::new(),
            sites: Vec::new(),
            families: Vec::new(),
            clears: vec![Box::default()],
            versions: HashMap::new(),
            floor: 0,
            changes: 0,
            rewritten: None,
            #[cfg(machine_code)]
            known_writes: RefCell::default(),
        }
    }

    /// Drops all code. No frame may wait in it.
    pub(crate) fn flush(&mut self) {
        self.ops = Vec::new();
        self.exit_of = Vec::new();
        self.exits = Vec::new();
        self.stubs = Vec::new();
        self.sites = Vec::new();
        self.families = Vec::new();
        self.clears = vec![Box::default()];
        self.versions = HashMap::new();
        self.floor = 0;
        self.changes += 1;
        #[cfg(machine_code)]
        self.known_writes.get_mut().clear();
    }

    /// Notes that the instruction at that place is another now, and does something else for what leads there.
    pub(crate) fn changed(&mut self, place: usize) {
        self.rewritten = Some(self.rewritten.map_or(place, |first| first.min(place)));
    }

    /// The first instruction that changed since this was last asked.
    #[cfg(machine_code)]
    pub(crate) fn take_rewritten(&mut self) -> Option<usize> {
        self.rewritten.take()
    }

    /// The exit of the instruction at that position.
    pub(crate) fn exit_at(&self, at: CodeAddr) -> &Exit {
        &self.exits[self.exit_of[at.index()] as usize]
    }

    pub(crate) fn is_full(&self) -> bool {
        self.ops.len().max(self.exits.len()).max(self.stubs.len()).max(self.sites.len()) >= Self::MAX_OPS
    }

    /// Says how many instructions of the module may be analysed, function by function.
    pub(crate) fn set_analysis_budget(&mut self, instructions: usize) {
        self.analysis_budget = instructions;
    }

    pub(crate) fn analysis_budget(&self) -> usize {
        self.analysis_budget
    }

    /// Looks into the function that an instruction belongs to, if that can be paid.
    pub(crate) fn analyse(&self, program: &Program, pc: usize) {
        self.graph.analyse(&program.module, pc, self.analysis_budget);
    }

    /// What is true when a call comes back.
    pub(crate) fn after(&self, site: u32) -> &TypeContext {
        &self.sites[site as usize].after
    }

    /// Makes what led to a stub lead to its code.
    pub(crate) fn link(&mut self, from: From, code: CodeAddr) {
        self.changes += 1;
        match from {
            From::Code(position) => self.ops[position].redirect(code),
            From::Return { site } => {
                let family = self.sites[site].family;
                self.come_back(site, code);
                let relatives = family.map(|family| self.families[family as usize].sites.clone());
                for relative in relatives.into_iter().flatten() {
                    self.come_back(relative as usize, code);
                }
            }
            From::Call { site } => self.sites[site].callee = code,
        }
    }

    /// Makes a call come back to that code.
    fn come_back(&mut self, site: usize, code: CodeAddr) {
        let site = &mut self.sites[site];
        [site.back, site.back_with_int, site.back_with_float, site.back_with_bool] = [code; 4];
        if without!("typed-returns") {
            return;
        }
        // Who comes back with what is looked for need not look.
        let Some(guard) = self.ops.get(code.index()) else { return };
        let (slot, back) = if let SpecOp::GuardInt { slot } = guard {
            (slot, &mut site.back_with_int)
        } else if let SpecOp::GuardFloat { slot } = guard {
            (slot, &mut site.back_with_float)
        } else if let SpecOp::GuardBool { slot } = guard {
            (slot, &mut site.back_with_bool)
        } else {
            return;
        };
        if slot.register() == site.dst {
            *back = code.next();
        }
    }
}
