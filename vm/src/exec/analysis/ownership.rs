//! Ownership by last use: before a write copies a container, whoever holds it besides and will not look at it lets go.
//!
//! - What is overwritten in the [window](super::window) behind the write, before anything counts memory, lets go of it, and nothing stands
//!   there until then. There must be room for all copies that are spared.
//! - Of an array of scalars, registers that are dead let go, too, those of frames that wait included. A phantom stands there instead,
//!   which costs what the copy would have cost, for as long as that would have been counted.
//!
//! All other holders have to be found, or the write copies.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;

use crate::exec::analysis::held::{
    FRAMES, copy_cost, element_mut, element_of, has_element, holders, holding, is_array_of_scalars, is_key,
    is_same, length, phantom, register_of,
};
use crate::exec::analysis::recipe::Recipe;
use crate::exec::analysis::window::{Element, LONGEST, Origin, Step, Window};
use crate::exec::analysis::{FlowGraph, RegSet, can_set};
use crate::exec::interpreter::Program;
use crate::isa::Reg;
use crate::runtime::Machine;
#[cfg(machine_code)]
use crate::value::Array;
use crate::value::Value;
use crate::values::costs;

/// What was found out about the writes of a module. It grows while the program runs.
#[derive(Default)]
pub(crate) struct Ownership {
    sites: RefCell<HashMap<u32, Rc<Site>, RandomState>>,
    /// The registers that may be read from an instruction on.
    live: RefCell<HashMap<u32, RegSet, RandomState>>,
    /// How many instructions were looked at, each time again.
    looked: Cell<u64>,
}

/// A write.
pub(crate) struct Site {
    window: Window,
    recipe: RefCell<Option<Recipe>>,
    /// How often searching did not pay of late.
    failed: Cell<u32>,
    /// So many more writes are not looked at.
    waits: Cell<u32>,
}

/// So many sites are remembered.
const SITES: usize = 1 << 12;
/// A container of so many elements takes longer to copy than to search for who holds it.
const LONG: usize = 128;
/// A write that copies all the same is looked at again after at most 2 to this many others.
const MAX_DOUBLINGS: u32 = 10;
/// Containers nest so deep within a window.
const DEPTH: usize = 4;

/// A write to a container, before it is done.
pub(crate) struct Write<'a, S> {
    pub(crate) program: &'a Program,
    pub(crate) graph: &'a FlowGraph,
    /// So many instructions of the module may be looked into.
    pub(crate) budget: usize,
    pub(crate) pc: usize,
    pub(crate) container: Reg,
    pub(crate) key: &'a Value,
    pub(crate) value: &'a Value,
    /// What a register holds that a baseline instruction reads.
    pub(crate) source: S,
}

impl Site {
    /// Has those let go of the container who did so before, if they are all that holds it.
    fn apply<S: Fn(&Machine<'_>, Origin) -> Value>(
        &self,
        machine: &mut Machine<'_>,
        write: &Write<'_, S>,
    ) -> bool {
        let Ok(Some(recipe)) = self.recipe.try_borrow().map(|recipe| *recipe) else { return false };
        let container = register_of(machine, write.container.0);
        let has = |element: Element| has_element(container, &element, &(write.source)(machine, element.key));
        if is_same(container, write.value)
            || !can_set(container, write.key)
            || !recipe.own_element().is_none_or(has)
        {
            return false;
        }
        let key = recipe.element().map(|element| (write.source)(machine, element.key));
        recipe.apply(machine, write.container.0, key.as_ref(), self.window.grows)
    }

    /// The element that the container is, as far as is known, and what leads to it.
    #[cfg(machine_code)]
    pub(crate) fn element(&self) -> Option<Element> {
        self.recipe.try_borrow().ok()?.as_ref()?.element()
    }

    /// The same as [`Ownership::elide_copy`] for a scalar that is written to an element, or appended, where that takes little.
    /// `key` leads to that element.
    #[cfg(machine_code)]
    #[inline]
    pub(crate) fn elide_copy(
        &self,
        machine: &mut Machine<'_>,
        container: u8,
        index: i64,
        element: Option<(Element, &Value)>,
    ) -> bool {
        let Ok(recipe) = self.recipe.try_borrow() else { return false };
        let Some(recipe) = recipe.as_ref() else { return false };
        let is_there = matches!(register_of(machine, container), Value::Array(array) if Array::place(index) <= array.len());
        if !is_there
            || recipe.own_element().is_some()
            || recipe.element() != element.map(|(element, _)| element)
        {
            return false;
        }
        recipe.apply(machine, container, element.map(|(_, key)| key), self.window.grows)
    }
}

impl Ownership {
    /// Looks for whoever else holds the container that is written to, and has all of them let go if they will not look at it
    /// any more. Gives what is known of the write if they did.
    pub(crate) fn elide_copy<S: Fn(&Machine<'_>, Origin) -> Value>(
        &self,
        machine: &mut Machine<'_>,
        write: &Write<'_, S>,
    ) -> Option<Rc<Site>> {
        let site = self.site(machine, write)?;
        if let Some(waits) = site.waits.get().checked_sub(1) {
            site.waits.set(waits);
            return None;
        }
        let is_long = length(register_of(machine, write.container.0)) >= LONG;
        if site.apply(machine, write) {
            site.failed.set(0);
            return Some(site);
        }
        // A short container is copied in less time than it takes to search. Only where a recipe finds the same again, it pays.
        let is_elided = self.try_elide_copy(machine, write, &site).is_some();
        if is_elided && is_long {
            site.failed.set(0);
        } else {
            let failed = (site.failed.get() + 1).min(MAX_DOUBLINGS);
            site.failed.set(failed);
            site.waits.set((1 << failed) - 1);
        }
        is_elided.then_some(site)
    }

    /// What is known of the write; `None` where finding out is not paid yet.
    fn site<S>(&self, machine: &Machine<'_>, write: &Write<'_, S>) -> Option<Rc<Site>> {
        let mut sites = self.sites.try_borrow_mut().ok()?;
        let pc = write.pc as u32;
        if let Some(site) = sites.get(&pc) {
            return Some(site.clone());
        }
        if !self.pay(machine, 2 * LONGEST as u64) {
            return None;
        }
        if sites.len() >= SITES {
            sites.clear();
        }
        let window = Window::behind(write.program, write.pc, write.container);
        let site =
            Rc::new(Site { window, recipe: RefCell::new(None), failed: Cell::new(0), waits: Cell::new(0) });
        sites.insert(pc, site.clone());
        Some(site)
    }

    /// Whether so many instructions more may be looked at: for each, the run must have taken some steps, besides a few.
    fn pay(&self, machine: &Machine<'_>, instructions: u64) -> bool {
        /// So many instructions are looked at for nothing.
        const FREE: u64 = 1 << 14;
        /// So many steps one takes.
        const STEPS: u64 = 16;
        let looked = self.looked.get() + instructions;
        if looked > FREE + machine.fuel.steps() / STEPS {
            return false;
        }
        self.looked.set(looked);
        true
    }

    /// The registers that may be read from an instruction on.
    fn live<S>(&self, machine: &Machine<'_>, write: &Write<'_, S>, pc: usize) -> RegSet {
        let Ok(mut known) = self.live.try_borrow_mut() else { return RegSet::ALL };
        let key = pc as u32;
        if let Some(live) = known.get(&key) {
            return *live;
        }
        if !self.pay(machine, FlowGraph::STRAIGHT as u64 / 4) {
            return RegSet::ALL;
        }
        if known.len() >= SITES {
            known.clear();
        }
        write.graph.analyse(&write.program.module, pc, write.budget);
        let live = write.graph.live_before(&write.program.module, pc);
        // It may be known better when more of the module can be looked into.
        if live != RegSet::ALL {
            known.insert(key, live);
        }
        live
    }

    fn try_elide_copy<S: Fn(&Machine<'_>, Origin) -> Value>(
        &self,
        machine: &mut Machine<'_>,
        write: &Write<'_, S>,
        site: &Site,
    ) -> Option<()> {
        let (own, window) = (write.container.0, &site.window);
        let container = machine.registers()[usize::from(own)].clone();
        let holds_itself = is_same(&container, write.value);
        if holds_itself || !can_set(&container, write.key) {
            return None;
        }
        let sight = Sight { machine, steps: &window.steps, source: &write.source };
        // The clone is one holder more.
        let others = holders(&container)?.checked_sub(2)?;
        let (count, found) = sight.trim(own, &container);
        let steps = &window.steps[..count];
        let dead = others.checked_sub(found.holders)?;
        let copy = copy_cost(&container)?;
        let room = copy + found.copies + window.grows + costs::ELEMENT.max(costs::ENTRY);
        if room > machine.env.memory.room() {
            return None;
        }
        let places = self.dead(machine, write, &container, steps, dead)?;
        if let Some(found) = Recipe::of(machine, steps, &write.source, own, &places)
            && let Ok(mut recipe) = site.recipe.try_borrow_mut()
        {
            *recipe = Some(found.and(recipe.take()));
        }
        if !places.is_empty() {
            let phantom = phantom(copy);
            for place in places {
                machine.stack[place] = phantom.clone();
            }
        }
        let_go(machine, steps, &write.source, own, &container, DEPTH);
        Some(())
    }

    /// Where so many dead registers hold an array of scalars, beside the one that is written to and those that are overwritten.
    fn dead<S>(
        &self,
        machine: &Machine<'_>,
        write: &Write<'_, S>,
        container: &Value,
        steps: &[Step],
        count: usize,
    ) -> Option<Vec<usize>> {
        if count == 0 {
            return Some(Vec::new());
        }
        if !is_array_of_scalars(container) {
            return None;
        }
        let frame = machine.frame;
        let overwritten = steps.iter().fold(RegSet::default(), |mut all, step| {
            if let Step::Overwritten(register) = step {
                all.insert(*register);
            }
            all
        });
        let mut places = Vec::with_capacity(count);
        let is_dead = |register: u8| !self.live(machine, write, write.pc).contains(register);
        for (place, register) in holding(machine, frame.base, frame.size, container) {
            if register != write.container.0 && !overwritten.contains(register) {
                places.push(is_dead(register).then_some(place)?);
            }
        }
        let mut base = frame.base;
        for caller in machine.callers.iter().rev().take(FRAMES) {
            if places.len() >= count {
                break;
            }
            base -= usize::from(caller.size);
            for (place, register) in holding(machine, base, caller.size, container) {
                let is_written = caller.dst.0 == register && !write.graph.keeps_destination();
                let is_dead =
                    is_written || !self.live(machine, write, caller.pc as usize + 1).contains(register);
                places.push((is_dead || planted!("takes-what-is-live")).then_some(place)?);
            }
        }
        (places.len() == count).then_some(places)
    }
}

/// What a window does to containers, as it can be seen where it begins.
struct Sight<'a, 'm, S> {
    machine: &'a Machine<'m>,
    steps: &'a [Step],
    source: &'a S,
}

/// What else holds a container.
#[derive(Default)]
struct Found {
    holders: usize,
    /// The registers of the containers that hold it, and of those that hold them. All of them are to be changed in place.
    outer: RegSet,
    /// What the copies of those cost.
    copies: u64,
}

impl<S: Fn(&Machine<'_>, Origin) -> Value> Sight<'_, '_, S> {
    /// How many of the steps are sure to be done without a copy and without an error, and who holds the container within them.
    fn trim(&self, own: u8, container: &Value) -> (usize, Found) {
        let mut count = self.steps.len();
        loop {
            let mut found = Found::default();
            found.holders = self.find(count, own, container, &mut found, DEPTH);
            let bad = (0..count).find(|step| !self.is_clean(*step, own, container, &found));
            match bad {
                None => return (count, found),
                Some(bad) => count = bad,
            }
        }
    }

    /// How many hold a container within the first steps, beside a register.
    fn find(&self, count: usize, own: u8, container: &Value, found: &mut Found, depth: usize) -> usize {
        let mut holders = 0;
        for (place, step) in self.steps[..count].iter().enumerate() {
            match step {
                Step::Overwritten(register) if *register != own => {
                    holders += usize::from(is_same(register_of(self.machine, *register), container));
                }
                Step::Stored(name) => {
                    let held = self.machine.env.globals.get(*name);
                    holders += usize::from(held.is_some_and(|held| is_same(held, container)));
                }
                Step::Set(element) if element.container != own => {
                    let outer = register_of(self.machine, element.container);
                    let is_held =
                        element_of(outer, &self.key(step)).is_some_and(|held| is_same(held, container));
                    if is_held && !self.is_set_before(place, element) {
                        holders += usize::from(self.is_owned(count, element.container, outer, found, depth));
                    }
                }
                Step::Set(_) | Step::Overwritten(_) | Step::Number(_) => {}
            }
        }
        holders
    }

    /// Whether an earlier step sets the same element.
    fn is_set_before(&self, place: usize, element: &Element) -> bool {
        self.steps[..place].iter().any(|step| {
            matches!(step, Step::Set(other) if other.container == element.container)
                && is_key(&self.key(step), &self.key(&self.steps[place]))
        })
    }

    /// What a step reads that was there before the window.
    fn key(&self, step: &Step) -> Value {
        key(self.machine, self.source, step)
    }

    /// Whether all lets go of a container within the first steps that holds it, beside a register.
    fn is_owned(&self, count: usize, own: u8, container: &Value, found: &mut Found, depth: usize) -> bool {
        let (Some(all), Some(depth)) = (holders(container), depth.checked_sub(1)) else { return false };
        if found.outer.contains(own) {
            return true;
        }
        if all > 1 {
            if self.find(count, own, container, found, depth) != all - 1 {
                return false;
            }
            found.copies += copy_cost(container).unwrap_or_default();
        }
        found.outer.insert(own);
        true
    }

    /// Whether a step does what windows do.
    fn is_clean(&self, step: usize, own: u8, container: &Value, found: &Found) -> bool {
        let key = &self.key(&self.steps[step]);
        match &self.steps[step] {
            Step::Number(_) => matches!(key, Value::Bool(_) | Value::Int(_) | Value::Float(_)),
            Step::Overwritten(_) | Step::Stored(_) => true,
            Step::Set(element) => {
                let is_own = element.container == own;
                let outer = if is_own { container } else { register_of(self.machine, element.container) };
                has_element(outer, element, key)
                    && (is_own || found.outer.contains(element.container) || holders(outer) == Some(1))
            }
        }
    }
}

/// What a step of a window reads that was there before it.
fn key(machine: &Machine<'_>, source: &impl Fn(&Machine<'_>, Origin) -> Value, step: &Step) -> Value {
    match step {
        Step::Set(element) => source(machine, element.key),
        Step::Number(register) => source(machine, Origin::Register(*register)),
        Step::Overwritten(_) | Step::Stored(_) => Value::Empty,
    }
}

/// Has all that holds a container let go of it within the steps of a window, but for one register.
fn let_go(
    machine: &mut Machine<'_>,
    steps: &[Step],
    source: &impl Fn(&Machine<'_>, Origin) -> Value,
    own: u8,
    container: &Value,
    depth: usize,
) {
    for step in steps {
        match step {
            Step::Overwritten(register) if *register != own => {
                let place = &mut machine.registers()[usize::from(*register)];
                if is_same(place, container) {
                    *place = Value::Empty;
                }
            }
            Step::Stored(name) => {
                if let Some(place) = machine.env.globals.get_mut(*name)
                    && is_same(place, container)
                {
                    *place = Value::Empty;
                }
            }
            Step::Set(element) if element.container != own && depth > 0 => {
                let (outer, key) = (register_of(machine, element.container), key(machine, source, step));
                if !element_of(outer, &key).is_some_and(|held| is_same(held, container)) {
                    continue;
                }
                if holders(outer) != Some(1) {
                    let outer = outer.clone();
                    let_go(machine, steps, source, element.container, &outer, depth - 1);
                }
                let place = element_mut(&mut machine.registers()[usize::from(element.container)], &key);
                if let Some(place) = place {
                    *place = Value::Empty;
                }
            }
            Step::Set(_) | Step::Overwritten(_) | Step::Number(_) => {}
        }
    }
}
