//! Recipes: who held a container when writes at a place were spared a copy. The next write there mostly finds some of the same, and need only
//! make sure that they are all there are.

use crate::exec::analysis::held::{
    FRAMES, address, can_overwrite, clear, element_mut, element_of, is_array_of_scalars, is_same, phantom,
    register_of, replace_container,
};
use crate::exec::analysis::window::{Element, Origin, Step};
use crate::runtime::{GlobalSlot, Machine, registers};
use crate::value::{Array, Value};
use crate::values::costs;

/// Who may hold a container besides the register that is written to, and will not look at it any more.
#[derive(Clone, Copy, Default)]
pub(super) struct Recipe {
    /// Registers that are overwritten in the window.
    overwritten: Registers,
    /// Registers of the frame that are dead.
    dead: Registers,
    /// Those of frames that wait, which are dead behind their calls.
    waiting: [Waiting; 2],
    through: Through,
}

/// Registers of a frame that waits for a call.
#[derive(Clone, Copy, Default)]
struct Waiting {
    call: u32,
    registers: Registers,
}

/// What besides registers holds the container.
#[derive(Clone, Copy, Default, PartialEq)]
struct Through {
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
    registers: [u8; 8],
    count: u8,
}

impl Registers {
    fn push(&mut self, register: u8) -> Option<()> {
        *self.registers.get_mut(usize::from(self.count))? = register;
        self.count += 1;
        Some(())
    }

    #[inline]
    fn all(&self) -> &[u8] {
        &self.registers[..usize::from(self.count).min(self.registers.len())]
    }

    /// Which of them hold a container in a frame.
    #[inline(always)]
    fn holding(&self, frame: &[Value], container: usize) -> Holding {
        let mut holding = Holding { places: 0, found: 0 };
        for (place, register) in self.all().iter().enumerate() {
            if frame.get(usize::from(*register)).is_some_and(|value| address(value) == container) {
                holding.places |= 1 << place;
                holding.found += 1;
            }
        }
        holding
    }
}

/// Which of a few registers hold a container, a bit for each.
#[derive(Clone, Copy)]
struct Holding {
    places: u8,
    found: usize,
}

impl Holding {
    /// Has them hold something else.
    #[inline(always)]
    fn replace(self, registers: &Registers, frame: &mut [Value], by: &Value) {
        let mut left = self.places;
        while left != 0 {
            let register = registers.registers[left.trailing_zeros() as usize];
            if let Some(place) = frame.get_mut(usize::from(register)) {
                replace_container(place, by.clone());
            }
            left &= left - 1;
        }
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
            recipe.push_dead(machine, *place)?;
        }
        // Whether there was a step that is not looked at again.
        let mut is_blocked = false;
        for step in steps {
            let is_used = match step {
                Step::Overwritten(register) if is_same(register_of(machine, *register), container) => {
                    recipe.overwritten.push(*register)?;
                    true
                }
                Step::Stored(name) => recipe.through.push_stored(machine, *name, container)?,
                Step::Set(element) if element.container == own => {
                    is_blocked |= recipe.through.own.replace(*element).is_some();
                    false
                }
                Step::Set(element) => {
                    let key = source(machine, element.key);
                    let held = element_of(register_of(machine, element.container), &key);
                    let is_used = held.is_some_and(|held| is_same(held, container));
                    is_blocked |= !is_used;
                    if is_used && recipe.through.element.replace(*element).is_some() {
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

    /// Notes a place on the stack whose register is dead.
    fn push_dead(&mut self, machine: &Machine<'_>, place: usize) -> Option<()> {
        let mut base = machine.frame.base;
        if let Some(register) = place.checked_sub(base) {
            return self.dead.push(u8::try_from(register).ok()?);
        }
        for caller in machine.callers.iter().rev() {
            base -= usize::from(caller.size);
            if let Some(register) = place.checked_sub(base) {
                let register = u8::try_from(register).ok()?;
                return self.push_waiting(caller.pc, register);
            }
        }
        None
    }

    fn push_waiting(&mut self, call: u32, register: u8) -> Option<()> {
        let known = |waiting: &&mut Waiting| waiting.registers.count == 0 || waiting.call == call;
        let waiting = self.waiting.iter_mut().find(known)?;
        waiting.call = call;
        if !waiting.registers.all().contains(&register) {
            waiting.registers.push(register)?;
        }
        Some(())
    }

    /// The recipe for what either is for: registers that are dead, or overwritten, are so each time.
    pub(super) fn and(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier.filter(|earlier| earlier.through == self.through) else { return self };
        for register in earlier.overwritten.all() {
            let is_known = [self.overwritten, self.dead].iter().any(|known| known.all().contains(register));
            if !is_known && self.overwritten.push(*register).is_none() {
                return self;
            }
        }
        for register in earlier.dead.all() {
            let is_known = [self.overwritten, self.dead].iter().any(|known| known.all().contains(register));
            if !is_known && self.dead.push(*register).is_none() {
                return self;
            }
        }
        for Waiting { call, registers } in &earlier.waiting {
            for register in registers.all() {
                if self.push_waiting(*call, *register).is_none() {
                    return self;
                }
            }
        }
        self
    }

    /// The element that a container is, which is overwritten; what leads to it is to be given to [`Self::apply`].
    #[inline]
    pub(super) fn element(&self) -> Option<Element> {
        self.through.element
    }

    /// The element of the container itself that has to be there.
    #[inline]
    pub(super) fn own_element(&self) -> Option<Element> {
        self.through.own
    }

    /// Has all of them let go, if they are all that holds the container of a register. `key` leads to the element that it is.
    pub(super) fn apply(&self, machine: &mut Machine<'_>, own: u8, key: Option<&Value>, grows: u64) -> bool {
        let base = machine.frame.base;
        let frame = registers(&mut machine.stack, base);
        let value = &frame[usize::from(own)];
        let Some((container, holders, copy)) = place_holders_cost(value) else { return false };
        let Through { stored, outer_stored, element, .. } = self.through;
        let known = 1 + usize::from(stored.is_some()) + usize::from(element.is_some());
        let (overwritten, dead) =
            (self.overwritten.holding(frame, container), self.dead.holding(frame, container));
        // What is not found yet.
        let Some(left) = holders.checked_sub(known + overwritten.found + dead.found) else { return false };
        let is_phantom_due = left + dead.found > 0;
        if holders == 1 || is_phantom_due && !is_array_of_scalars(value) {
            return false;
        }
        let is_held = |name: GlobalSlot, container: usize| {
            machine.env.globals.get(name).is_some_and(|held| address(held) == container)
        };
        if stored.is_some_and(|name| !is_held(name, container)) {
            return false;
        }
        let mut room = copy + grows + costs::ELEMENT.max(costs::ENTRY);
        if let Some(element) = element {
            let outer = &frame[usize::from(element.container)];
            let Some((place, holders, copy)) = place_holders_cost(outer) else { return false };
            let (Some(key), is_alone) = (key, holders == 1) else { return false };
            let is_stored = || {
                holders == 2
                    && outer_stored.is_some_and(|name| is_held(name, place))
                    && element_of(outer, key).is_some_and(|held| address(held) == container)
            };
            if !can_overwrite(outer, &element) || !(is_alone && outer_stored.is_none() || is_stored()) {
                return false;
            }
            room += copy;
        }
        if room > machine.env.memory.room() {
            return false;
        }
        let frames = if left == 0 { Some(0) } else { self.frames(machine, container, left) };
        let Some(frames) = frames else { return false };
        // Nothing was changed yet; from here on, nothing is in the way but the element.
        if let Some(name) = outer_stored {
            machine.env.globals.set(name, Value::Empty);
        }
        let frame = registers(&mut machine.stack, base);
        if let (Some(element), Some(key)) = (element, key) {
            match element_mut(&mut frame[usize::from(element.container)], key) {
                Some(place) if address(place) == container => clear(place),
                Some(_) | None => return false,
            }
        }
        if let Some(name) = stored {
            machine.env.globals.set(name, Value::Empty);
        }
        overwritten.replace(&self.overwritten, frame, &Value::Empty);
        if is_phantom_due {
            let phantom = phantom(copy);
            dead.replace(&self.dead, frame, &phantom);
            if frames > 0 {
                self.leave_phantoms(machine, container, &phantom, frames);
            }
        }
        true
    }

    /// Puts a phantom wherever a dead register of so many frames that wait holds a container.
    fn leave_phantoms(&self, machine: &mut Machine<'_>, container: usize, phantom: &Value, frames: usize) {
        let mut base = machine.frame.base;
        for caller in machine.callers.iter().rev().take(frames) {
            let end = base;
            base -= usize::from(caller.size);
            if let Some(registers) = self.waiting(caller.pc) {
                let frame = &mut machine.stack[base..end];
                registers.holding(frame, container).replace(registers, frame, phantom);
            }
        }
    }

    /// The registers of a frame that waits for that call.
    #[inline]
    fn waiting(&self, call: u32) -> Option<&Registers> {
        let is_it = |waiting: &&Waiting| waiting.call == call && waiting.registers.count > 0;
        Some(&self.waiting.iter().find(is_it)?.registers)
    }

    /// In how many frames that wait, counted from the last, so many registers hold the container.
    fn frames(&self, machine: &Machine<'_>, container: usize, mut left: usize) -> Option<usize> {
        let mut base = machine.frame.base;
        let mut frames = 0;
        let mut callers = machine.callers.iter().rev().take(FRAMES);
        while left > 0 {
            let caller = callers.next()?;
            let registers = self.waiting(caller.pc)?;
            let end = base;
            base -= usize::from(caller.size);
            left = left.checked_sub(registers.holding(&machine.stack[base..end], container).found)?;
            frames += 1;
        }
        Some(frames)
    }
}

/// Where a container is, how many hold it, and what its copy would cost.
#[inline(always)]
fn place_holders_cost(value: &Value) -> Option<(usize, usize, u64)> {
    if let Value::Array(array) = value {
        return Some((array.address(), array.holders(), Array::cost(array.len())));
    }
    let Value::Dict(dict) = value else { return None };
    Some((dict.address(), dict.holders(), dict.cost()))
}

impl Through {
    /// Notes a global that is set if it holds the container, or the one that the container is an element of, and tells whether it does.
    /// `None` where there is another such.
    fn push_stored(&mut self, machine: &Machine<'_>, name: GlobalSlot, container: &Value) -> Option<bool> {
        let Some(held) = machine.env.globals.get(name) else { return Some(false) };
        let outer = self.element.map(|element| register_of(machine, element.container));
        let place = if is_same(held, container) {
            &mut self.stored
        } else if outer.is_some_and(|outer| is_same(held, outer)) {
            &mut self.outer_stored
        } else {
            return Some(false);
        };
        place.replace(name).is_none().then_some(true)
    }
}
