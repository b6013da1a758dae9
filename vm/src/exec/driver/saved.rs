//! Saving the state of a run that stopped, and beginning a run from one.

use crate::errors::StateError;
use crate::exec::interpreter::{Op, Program};
use crate::isa::{Instruction, REGISTERS, Reg, ScopeId};
use crate::memory;
use crate::runtime::{CallSiteId, Caller, Frame, FunctionIndex, Machine, Observations, Scopes};
use crate::state::{FrameState, State, module_hash};
use crate::value::Value;
use crate::value::heap::{Loader, Saver};
use crate::values::{TRACKED_SCOPES, costs};

/// Where a run begins.
pub(super) struct Begin {
    pub(super) stack: Vec<Value>,
    pub(super) frame: Frame,
    pub(super) callers: Vec<Caller>,
    pub(super) globals: Vec<(String, Value)>,
    pub(super) scopes: Scopes,
    pub(super) observations: Option<Observations>,
    pub(super) pc: usize,
    pub(super) previous: Option<usize>,
    pub(super) steps: u64,
    pub(super) output: u64,
    /// What it holds already, in bytes.
    pub(super) inherited: u64,
}

/// The state of a machine whose frames all wait in the baseline interpreter.
pub(super) fn save(machine: &Machine<'_>, program: &Program) -> State {
    let mut saver = Saver::new(&program.constants, program.functions.id);
    let globals = machine.env.globals.sorted(&program.global_names);
    let globals = globals.into_iter().map(|(name, value)| (name.to_owned(), saver.save(value))).collect();
    let functions = std::iter::once(None).chain(machine.callers.iter().map(|caller| Some(caller.callee)));
    let places = machine.callers.iter().map(|caller| (caller.pc as usize, caller.size));
    let places = places.chain([(machine.pc, machine.frame.size)]);
    let mut base = 0;
    let mut frames = Vec::with_capacity(machine.callers.len() + 1);
    for (depth, (function, (pc, size))) in functions.zip(places).enumerate() {
        let values = &machine.stack[base..base + usize::from(size)];
        let held = (0..).zip(values).filter(|(_, value)| !matches!(value, Value::Empty));
        let registers = held.map(|(register, value)| (register, saver.save(value))).collect();
        let tags = machine.observations.as_ref().filter(|_| program.needs_tags);
        let tags = tags.map(|observed| observed.tags(base)).unwrap_or_default().iter().zip(values);
        let differing = (0..).zip(tags).filter_map(|(register, (tag, value))| {
            tag.filter(|tag| *tag != value.type_id()).map(|tag| (register, tag))
        });
        let name =
            |index: FunctionIndex| program.module.functions().get(index as usize).map(|one| one.name.clone());
        frames.push(FrameState {
            function: function.and_then(name),
            pc: pc as u64,
            registers,
            tags: differing.collect(),
            scopes: machine.env.scopes.of_frame(depth).map(|ScopeId(scope)| u64::from(scope)).collect(),
        });
        base += usize::from(size);
    }
    let memory = saver.cost + machine.callers.len() as u64 * costs::FRAME;
    debug_assert_eq!(memory, machine.env.memory.used(), "what is counted is what the state holds");
    let is_at_phi = matches!(program.op(machine.pc), Some(Op::Phi { .. }));
    State {
        module: module_hash(&program.module),
        steps: machine.fuel.steps(),
        output: machine.env.output.written(),
        memory,
        previous: machine.previous.filter(|_| is_at_phi).map(|pc| pc as u64),
        globals,
        frames,
        objects: saver.objects,
    }
}

/// Where a run begins that goes on from a state, under that limit of memory.
///
/// # Errors
/// Gives the first fault of the state.
pub(super) fn load(program: &Program, state: &State, max_memory: Option<u64>) -> Result<Begin, StateError> {
    state.check_module(&program.module)?;
    let mut loader = Loader::new(&state.objects, &program.constants)
        .map_err(|(object, problem)| StateError::InvalidObject { object, problem })?;
    let globals = load_globals(state, &mut loader)?;
    let mut frames = Frames {
        program,
        // The frames of a run that ends at once, as it has too much already, would be larger than the state.
        is_whole: max_memory.is_none_or(|most| state.memory <= most),
        stack: Vec::new(),
        base: 0,
        callers: Vec::new(),
        scopes: Scopes::default(),
        observations: program.needs_tags.then(Observations::new),
    };
    if state.frames.is_empty() {
        let problem = "a state has at least one frame".to_owned();
        return Err(StateError::InvalidFrame { frame: 0, problem });
    }
    for (depth, frame) in state.frames.iter().enumerate() {
        frames.add(depth, frame, depth + 1 == state.frames.len(), &mut loader)?;
    }
    let previous = load_previous(program, state)?;
    if let Some(object) = loader.unused() {
        let problem = "nothing refers to it".to_owned();
        return Err(StateError::InvalidObject { object: object as u64, problem });
    }
    let waiting = frames.callers.len() as u64 * costs::FRAME;
    let counted = loader.cost + waiting;
    if counted != state.memory {
        return Err(StateError::WrongMemory { declared: state.memory, counted });
    }
    memory::charge(waiting);
    Ok(Begin {
        stack: frames.stack,
        frame: Frame { base: frames.base, size: REGISTERS as u16 },
        callers: frames.callers,
        globals,
        scopes: frames.scopes,
        observations: frames.observations,
        pc: state.pc(),
        previous,
        steps: state.steps,
        output: state.output,
        inherited: counted,
    })
}

fn load_globals(state: &State, loader: &mut Loader<'_>) -> Result<Vec<(String, Value)>, StateError> {
    let mut globals: Vec<(String, Value)> = Vec::with_capacity(state.globals.len());
    for (name, item) in &state.globals {
        let invalid = |problem| StateError::InvalidGlobal { name: name.clone(), problem };
        if globals.last().is_some_and(|(before, _)| before >= name) {
            return Err(invalid("its name does not come after the one before it".to_owned()));
        }
        globals.push((name.clone(), loader.load(*item).map_err(invalid)?));
    }
    Ok(globals)
}

fn load_previous(program: &Program, state: &State) -> Result<Option<usize>, StateError> {
    let Some(previous) = state.previous else { return Ok(None) };
    let invalid = |problem: String| Err(StateError::InvalidPrevious { previous, problem });
    if !matches!(program.op(state.pc()), Some(Op::Phi { .. })) {
        return invalid("the next instruction is no phi".to_owned());
    }
    match usize::try_from(previous).ok().filter(|pc| *pc < program.module.len()) {
        Some(pc) => Ok(Some(pc)),
        None => invalid(format!("the module has {} instructions", program.module.len())),
    }
}

/// The frames of a state, one behind the other. Any of them may touch all its registers, whatever its function can reach.
struct Frames<'p> {
    program: &'p Program,
    is_whole: bool,
    stack: Vec<Value>,
    /// Where the registers of the last frame begin.
    base: usize,
    callers: Vec<Caller>,
    scopes: Scopes,
    observations: Option<Observations>,
}

impl Frames<'_> {
    fn add(
        &mut self,
        depth: usize,
        frame: &FrameState,
        is_last: bool,
        loader: &mut Loader<'_>,
    ) -> Result<(), StateError> {
        let invalid = |problem: String| StateError::InvalidFrame { frame: depth as u64, problem };
        let callee = self.callee(depth, frame.function.as_deref()).map_err(invalid)?;
        if let (Some(callee), Some(caller)) = (callee, self.callers.last_mut()) {
            caller.callee = callee;
            self.scopes.begin_frame();
        }
        if self.is_whole || is_last {
            self.base = self.stack.len();
            self.stack.resize(self.base + REGISTERS, Value::Empty);
        }
        self.add_registers(depth, frame, loader)?;
        self.add_tags(depth, frame)?;
        if frame.scopes.len() > TRACKED_SCOPES {
            return Err(invalid(format!(
                "{} scopes are open, and no frame has more than {TRACKED_SCOPES}",
                frame.scopes.len()
            )));
        }
        for scope in &frame.scopes {
            let scope = u16::try_from(*scope).map_err(|_| invalid(format!("{scope} is no scope")))?;
            self.scopes.enter(ScopeId(scope));
        }
        let module = &self.program.module;
        let pc = usize::try_from(frame.pc).unwrap_or(usize::MAX);
        if is_last {
            if pc > module.len() {
                return Err(invalid(format!("instruction {} is outside 0..={}", frame.pc, module.len())));
            }
            return Ok(());
        }
        let Some(Instruction::Call { dst, .. }) = module.instruction(pc) else {
            return Err(invalid(format!("it waits at instruction {}, which is no call", frame.pc)));
        };
        self.callers.push(Caller {
            pc: pc as u32,
            // That of the next frame.
            callee: 0,
            site: CallSiteId::BASELINE,
            size: REGISTERS as u16,
            dst,
        });
        Ok(())
    }

    /// What was called, where something was.
    fn callee(&self, depth: usize, function: Option<&str>) -> Result<Option<FunctionIndex>, String> {
        match (depth, function) {
            (0, None) => Ok(None),
            (0, Some(name)) => {
                Err(format!("the first frame was called by nobody, and is one of the function {name:?}"))
            }
            (_, None) => Err("only the first frame has no function".to_owned()),
            (_, Some(name)) => {
                let found = self.program.functions.named_text(name);
                found.map(Some).map_err(|_| format!("the module has no function {name:?}"))
            }
        }
    }

    fn add_registers(
        &mut self,
        depth: usize,
        frame: &FrameState,
        loader: &mut Loader<'_>,
    ) -> Result<(), StateError> {
        let mut before = None;
        for (register, item) in &frame.registers {
            let invalid =
                |problem| StateError::InvalidRegister { register: *register, frame: depth as u64, problem };
            let Reg(place) = next_register(*register, &mut before).map_err(invalid)?;
            let value = loader.load(*item).map_err(invalid)?;
            if let Some(slot) = self.stack.get_mut(self.base + usize::from(place)) {
                *slot = value;
            }
        }
        Ok(())
    }

    fn add_tags(&mut self, depth: usize, frame: &FrameState) -> Result<(), StateError> {
        if let Some(observed) = &mut self.observations {
            observed.select_frame(self.base);
        }
        let mut before = None;
        for (register, tag) in &frame.tags {
            let invalid =
                |problem| StateError::InvalidRegister { register: *register, frame: depth as u64, problem };
            let place = next_register(*register, &mut before).map_err(invalid)?;
            match &mut self.observations {
                Some(observed) => observed.set_tag(place, *tag),
                None => return Err(invalid("it has a type tag, and the module cannot tell".to_owned())),
            }
        }
        Ok(())
    }
}

/// The register of that number, which has to be greater than that before it.
fn next_register(number: u64, before: &mut Option<u8>) -> Result<Reg, String> {
    let Ok(register) = u8::try_from(number) else {
        return Err(format!("there are {REGISTERS} registers"));
    };
    if before.replace(register).is_some_and(|before| before >= register) {
        return Err("it does not come after the one before it".to_owned());
    }
    Ok(Reg(register))
}

impl Begin {
    /// The beginning of the program.
    pub(super) fn of_program(
        program: &Program,
        stack: Vec<Value>,
        globals: Vec<(String, Value)>,
        inherited: u64,
    ) -> Self {
        Self {
            stack,
            frame: Frame { base: 0, size: program.start.registers },
            callers: Vec::new(),
            globals,
            scopes: Scopes::default(),
            observations: None,
            pc: program.start.target.pc(),
            previous: None,
            steps: 0,
            output: 0,
            inherited,
        }
    }
}
