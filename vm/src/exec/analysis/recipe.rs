//! Recipes: who held a container when a write was spared a copy. The next write there mostly finds the same, and need only make sure.

use crate::exec::analysis::can_set;
use crate::exec::analysis::held::{
    copy_cost, element_mut, element_of, has_element, holders, is_array_of_scalars, is_same, phantom,
    register_of,
};
use crate::exec::analysis::window::{Element, Origin, Step};
use crate::runtime::{GlobalSlot, Machine};
use crate::value::Value;
use crate::values::costs;

/// Who held a container besides the register that was written to.
#[derive(Clone, Copy, Default)]
pub(super) struct Recipe {
    /// Registers that are overwritten in the window.
    overwritten: Registers,
    /// Registers of the frame that are dead.
    dead: Registers,
    /// Registers of the frame that waits for this one, which are dead behind that call.
    waiting: Registers,
    call: u32,
    /// A global that is set in the window.
    stored: Option<GlobalSlot>,
    /// An element that is set in the window, of a container that nothing else holds but perhaps a global that is set, too.
    element: Option<Element>,
    outer_stored: Option<GlobalSlot>,
    /// An element of the container itself that is written before.
    own: Option<Element>,
}

/// A few registers.
#[derive(Clone, Copy, Default)]
struct Registers {
    registers: [u8; 6],
    count: u8,
}

impl Registers {
    fn push(&mut self, register: u8) -> Option<()> {
        *self.registers.get_mut(usize::from(self.count))? = register;
        self.count += 1;
        Some(())
    }

    fn all(&self) -> &[u8] {
        &self.registers[..usize::from(self.count)]
    }
}

impl Recipe {
    /// What holds the container of a register now, given the steps of the window that are done and where it stands in dead registers.
    /// `None` where it takes more to make sure.
    pub(super) fn of(
        machine: &Machine<'_>,
        steps: &[Step],
        source: &impl Fn(&Machine<'_>, Origin) -> Value,
        own: u8,
        dead: &[usize],
    ) -> Option<Self> {
        let container = register_of(machine, own);
        let mut recipe = Self::default();
        for place in dead {
            if let Some(register) = place.checked_sub(machine.frame.base) {
                recipe.dead.push(u8::try_from(register).ok()?)?;
            } else {
                let caller = machine.callers.last()?;
                let register = place.checked_sub(machine.frame.base - usize::from(caller.size))?;
                recipe.waiting.push(u8::try_from(register).ok()?)?;
                recipe.call = caller.pc;
            }
        }
        // Whether there was a step that is not looked at again.
        let mut is_blocked = false;
        for step in steps {
            let is_used = match step {
                Step::Overwritten(register) if is_same(register_of(machine, *register), container) => {
                    recipe.overwritten.push(*register)?;
                    true
                }
                Step::Stored(name) => {
                    let held = machine.env.globals.get(*name);
                    let outer = recipe.element.map(|element| register_of(machine, element.container));
                    let place = if held.is_some_and(|held| is_same(held, container)) {
                        Some(&mut recipe.stored)
                    } else if held.zip(outer).is_some_and(|(held, outer)| is_same(held, outer)) {
                        Some(&mut recipe.outer_stored)
                    } else {
                        None
                    };
                    let is_used = place.is_some();
                    if place.is_some_and(|place| place.replace(*name).is_some()) {
                        return None;
                    }
                    is_used
                }
                Step::Set(element) if element.container == own => {
                    is_blocked |= recipe.own.replace(*element).is_some();
                    false
                }
                Step::Set(element) => {
                    let key = source(machine, element.key);
                    let held = element_of(register_of(machine, element.container), &key);
                    let is_used = held.is_some_and(|held| is_same(held, container));
                    is_blocked |= !is_used;
                    if is_used && recipe.element.replace(*element).is_some() {
                        return None;
                    }
                    is_used
                }
                Step::Number(_) => {
                    is_blocked = true;
                    false
                }
                Step::Overwritten(_) => false,
            };
            if is_used && is_blocked {
                return None;
            }
        }
        Some(recipe)
    }

    /// Has all of them let go, if they are all that holds the container of a register.
    pub(super) fn apply(
        &self,
        machine: &mut Machine<'_>,
        source: &impl Fn(&Machine<'_>, Origin) -> Value,
        own: u8,
        (key, value): (&Value, &Value),
        grows: u64,
    ) -> bool {
        let element = self.element.map(|element| (element, source(machine, element.key)));
        let Some(copy) = self.check(machine, source, own, (key, value), element.as_ref(), grows) else {
            return false;
        };
        if self.dead.count + self.waiting.count > 0 {
            let phantom = phantom(copy);
            for register in self.dead.all() {
                machine.registers()[usize::from(*register)] = phantom.clone();
            }
            if let Some(caller) = machine.callers.last() {
                let base = machine.frame.base - usize::from(caller.size);
                for register in self.waiting.all() {
                    machine.stack[base + usize::from(*register)] = phantom.clone();
                }
            }
        }
        for register in self.overwritten.all() {
            machine.registers()[usize::from(*register)] = Value::Empty;
        }
        for name in [self.stored, self.outer_stored].into_iter().flatten() {
            machine.env.globals.set(name, Value::Empty);
        }
        if let Some((element, key)) = &element
            && let Some(place) = element_mut(&mut machine.registers()[usize::from(element.container)], key)
        {
            *place = Value::Empty;
        }
        true
    }

    /// Whether the registers of the frame that waits hold the container, and it is the same call that it waits for.
    fn is_waiting(&self, machine: &Machine<'_>, container: &Value) -> bool {
        if self.waiting.count == 0 {
            return true;
        }
        let Some(caller) = machine.callers.last().filter(|caller| caller.pc == self.call) else {
            return false;
        };
        let frame = &machine.stack[machine.frame.base - usize::from(caller.size)..machine.frame.base];
        let holds =
            |register: &u8| frame.get(usize::from(*register)).is_some_and(|value| is_same(value, container));
        self.waiting.all().iter().all(holds)
    }

    /// What the copy of the container would cost, if all is as it was.
    fn check(
        &self,
        machine: &Machine<'_>,
        source: &impl Fn(&Machine<'_>, Origin) -> Value,
        own: u8,
        (key, value): (&Value, &Value),
        element: Option<&(Element, Value)>,
        grows: u64,
    ) -> Option<u64> {
        let container = register_of(machine, own);
        let places = 1
            + usize::from(self.overwritten.count)
            + usize::from(self.dead.count + self.waiting.count)
            + usize::from(self.stored.is_some())
            + usize::from(element.is_some());
        let mut registers = self.overwritten.all().iter().chain(self.dead.all());
        let is_held = |name: GlobalSlot, container: &Value| {
            machine.env.globals.get(name).is_some_and(|held| is_same(held, container))
        };
        let is_as_it_was = holders(container) == Some(places)
            && registers.all(|register| is_same(register_of(machine, *register), container))
            && self.stored.is_none_or(|name| is_held(name, container))
            && self.is_waiting(machine, container)
            && (self.dead.count + self.waiting.count == 0 || is_array_of_scalars(container))
            && self.own.is_none_or(|element| has_element(container, &element, &source(machine, element.key)))
            && !is_same(container, value)
            && can_set(container, key);
        if !is_as_it_was {
            return None;
        }
        let copy = copy_cost(container)?;
        let mut room = copy + grows + costs::ELEMENT.max(costs::ENTRY);
        if let Some((element, key)) = element {
            let outer = register_of(machine, element.container);
            let is_as_it_was = holders(outer) == Some(1 + usize::from(self.outer_stored.is_some()))
                && self.outer_stored.is_none_or(|name| is_held(name, outer))
                && has_element(outer, element, key)
                && element_of(outer, key).is_some_and(|held| is_same(held, container));
            if !is_as_it_was {
                return None;
            }
            room += copy_cost(outer)?;
        }
        (room <= machine.env.memory.room()).then_some(copy)
    }
}
