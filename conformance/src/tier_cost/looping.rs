//! Random programs that loop until a limit on steps ends them, made of what a tier may be slow at.
//!
//! A program has phases, each a loop of some turns, which follow one another again and again: what is hot changes, and so do
//! the kinds of values in it. A turn is made of a few pieces, each of them one kind of trouble: a call that leads to many
//! functions, phis where a function begins, phis that swap values, scopes left open, division by -1, values of another kind in
//! each turn, code laid out backwards, short loops. Some programs first go through more code than a tier keeps.

use fastrand::Rng;

/// The fewest and the most steps.
const STEPS: [u64; 2] = [120_000, 500_000];

/// Registers with one use each. Those from [`FREE`] on are taken by pieces, [`PHIS`] and above by runs of phis.
const ZERO: &str = "r0";
const ONE: &str = "r1";
const MINUS_ONE: &str = "r2";
const TURN: &str = "r3";
const LEFT: &str = "r4";
const TEST: &str = "r5";
const FREE: u8 = 20;
const PHIS: u8 = 100;

/// Text of assembly, and after how many steps it is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looping {
    /// The assembly.
    pub(super) text: String,
    /// The steps that it takes.
    pub(super) steps: u64,
}

/// The program of that number: made from the two numbers alone.
#[must_use]
pub(super) fn looping(seed: u64, index: u64) -> Looping {
    let mut writer = Writer {
        random: Rng::with_seed(seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        begin: String::new(),
        body: String::new(),
        functions: String::new(),
        labels: 0,
        free: FREE,
        callees: 0,
    };
    writer.program();
    let [least, most] = STEPS;
    let doublings = (most as f64 / least as f64).log2() * writer.random.f64();
    let steps = (least as f64 * doublings.exp2()) as u64;
    Looping { text: format!(".func main\n{}{}{}", writer.begin, writer.body, writer.functions), steps }
}

struct Writer {
    random: Rng,
    /// What gives registers their first values.
    begin: String,
    body: String,
    functions: String,
    labels: usize,
    free: u8,
    /// How many functions there are.
    callees: usize,
}

/// Writes a line.
macro_rules! line {
    ($text:expr, $($format:tt)*) => {
        // What is formatted may draw random numbers, so it comes before the text is borrowed.
        let line = format!($($format)*);
        $text.push_str(&line);
        $text.push('\n');
    };
}

impl Writer {
    fn program(&mut self) {
        line!(self.begin, "load_const {ZERO}, 0\nload_const {ONE}, 1\nload_const {MINUS_ONE}, -1");
        line!(self.begin, "load_const {TURN}, 0");
        if self.random.u8(..8) == 0 {
            self.long_code();
        }
        let again = self.label();
        line!(self.body, "{again}: nop");
        for _ in 0..self.random.usize(1..=3) {
            self.phase();
        }
        line!(self.body, "jump {again}");
    }

    /// More code than there is room for, or a part of that, which control goes through when a loop was hot before.
    fn long_code(&mut self) {
        let hot = self.label();
        let length = self.pick(&[1_000, 6_000, 17_000]);
        line!(self.begin, "load_const r6, 100\nload_const r7, 0");
        line!(self.begin, "{hot}: sub r6, r6, {ONE}\njump_if r6, {hot}");
        self.begin.push_str(&format!("add r7, r7, {ONE}\n").repeat(length));
    }

    /// A loop of some turns, each of which is made of a few pieces.
    fn phase(&mut self) {
        let top = self.label();
        let turns = self.pick(&[2, 7, 40, 300, 3_000, 100_000]);
        line!(self.body, "load_const {LEFT}, {turns}");
        line!(self.body, "{top}: add {TURN}, {TURN}, {ONE}");
        for _ in 0..self.random.usize(1..=4) {
            if self.free < PHIS - 12 {
                self.piece();
            }
        }
        line!(self.body, "sub {LEFT}, {LEFT}, {ONE}\njump_if {LEFT}, {top}");
    }

    fn piece(&mut self) {
        match self.random.u8(..15) {
            0 | 1 => self.call_of_many(),
            2 => self.call(),
            3 => self.phis(),
            4 => self.swap(),
            5 => self.scope(),
            6 => self.division(),
            7 | 8 => self.kinds_in_turn(),
            9 => self.backwards(),
            10 => self.short_loop(),
            11 => self.elements(),
            12 => self.entries(),
            13 => self.globals(),
            _ => self.arithmetic(),
        }
    }

    /// A call of whichever function is in an array at a place that changes from turn to turn.
    fn call_of_many(&mut self) {
        let [names, count, place, name, seed] = self.take();
        let callees = self.pick(&[2, 3, 4, 5, 8, 20, 100, 300]);
        let body = if callees > 50 { self.pick(&[1, 10, 60]) } else { self.random.usize(1..30) };
        line!(self.begin, "new_array r{names}, {ZERO}");
        for _ in 0..callees {
            let function = self.function(body);
            line!(self.begin, "array_len r{place}, r{names}\nload_const r{name}, \"{function}\"");
            line!(self.begin, "array_set r{names}, r{place}, r{name}");
        }
        line!(self.begin, "load_const r{count}, {callees}\nload_const r{seed}, {}", self.random.u32(..1000));
        if self.random.bool() {
            line!(self.body, "mod r{place}, {TURN}, r{count}");
        } else {
            // The low digits of such a number come round soon, the others do not.
            line!(self.body, "load_const r6, 1103515245\nmul r{seed}, r{seed}, r6\nload_const r6, 12345");
            line!(self.body, "add r{seed}, r{seed}, r6\nload_const r6, 2147483648\nmod r{seed}, r{seed}, r6");
            line!(
                self.body,
                "load_const r6, 65536\ndiv r{place}, r{seed}, r6\nmod r{place}, r{place}, r{count}"
            );
        }
        line!(self.body, "array_get r{name}, r{names}, r{place}\ncall r{name}, r{place}, ({TURN}, {ONE})");
    }

    fn call(&mut self) {
        let [name, result] = self.take();
        let length = self.random.usize(1..20);
        let function = self.function(length);
        line!(self.begin, "load_const r{name}, \"{function}\"");
        line!(self.body, "call r{name}, r{result}, ({TURN}, {ONE})");
    }

    /// A function of about so many instructions, which takes an int and 1.
    fn function(&mut self, length: usize) -> String {
        let name = format!("f{}", self.callees);
        self.callees += 1;
        line!(self.functions, ".func {name}");
        if self.random.u8(..4) == 0 {
            let entry = self.label();
            line!(self.functions, "{entry}: phi r2, [r0: {entry}]");
        }
        if self.random.u8(..6) == 0 {
            line!(self.functions, "scope_enter {}", self.random.u8(..4));
        }
        if self.random.u8(..6) == 0 {
            let turns = self.random.u8(1..6);
            let top = self.label();
            line!(self.functions, "load_const r5, {turns}\n{top}: sub r5, r5, r1\njump_if r5, {top}");
        }
        let result = self.pick(&["1", "2.5", "\"s\"", "true", "empty"]);
        line!(self.functions, "load_const r3, {result}");
        for _ in 0..length {
            let text = self.pick(&[
                "add r4, r0, r1",
                "sub r4, r0, r1",
                "mul r4, r0, r1",
                "move r4, r3",
                "lt r4, r0, r1",
            ]);
            line!(self.functions, "{text}");
        }
        if self.random.u8(..8) == 0 {
            line!(self.functions, "load_const r4, 0\nnew_array r3, r4");
        }
        line!(
            self.functions,
            "{}",
            self.pick(&["return r3", "return r3", "return r4", "return r0", "return"])
        );
        name
    }

    /// A run of phis where two ways meet.
    fn phis(&mut self) {
        let count = self.pick(&[1, 3, 20, 63, 64, 65, 100, 150]);
        let kinds = self.pick(&[1_u8, 2, 5]);
        let [int, float, string, array, bool] = self.take();
        line!(self.begin, "load_const r{int}, 1\nload_const r{float}, 1.5\nload_const r{string}, \"s\"");
        line!(self.begin, "new_array r{array}, {ZERO}\nload_const r{bool}, true");
        let sources = [int, float, string, array, bool];
        let (left, right, meet) = (self.label(), self.label(), self.label());
        line!(self.body, "lt {TEST}, {TURN}, {ZERO}\n{left}: jump_if {TEST}, {meet}");
        line!(self.body, "{right}: nop\n{meet}: nop");
        let (before, behind) = (self.label(), self.label());
        line!(self.body, "{before}: jump {behind}");
        for place in 0..count {
            let source = sources[usize::from(self.random.u8(..kinds))];
            let label = if place == 0 { format!("{behind}: ") } else { String::new() };
            line!(self.body, "{label}phi r{}, [r{source}: {before}, r{int}: {right}]", PHIS + place);
        }
    }

    /// Phis in which registers change places.
    fn swap(&mut self) {
        let [a, b, c] = self.take();
        for register in [a, b, c] {
            let value =
                self.pick(&["new_array R, r0", "dict_new R", "load_const R, 7", "load_const R, \"t\""]);
            line!(self.begin, "{}", value.replace('R', &format!("r{register}")));
        }
        let (before, behind) = (self.label(), self.label());
        line!(self.body, "{before}: jump {behind}");
        line!(self.body, "{behind}: phi r{a}, [r{b}: {before}]\nphi r{b}, [r{c}: {before}]");
        line!(self.body, "phi r{c}, [r{a}: {before}]");
    }

    /// A call while a scope is open.
    fn scope(&mut self) {
        line!(self.body, "scope_enter 9");
        self.call();
        line!(self.body, "scope_exit 9");
    }

    fn division(&mut self) {
        let [by, result] = self.take();
        let divisor = self.pick(&[-1_i64, -1, -1, 1, 2, 3, -7, 1 << 40]);
        line!(self.begin, "load_const r{by}, {divisor}");
        if self.random.bool() {
            line!(self.body, "load_const r{by}, {divisor}");
        }
        let operation = self.pick(&["div", "mod"]);
        line!(self.body, "{operation} r{result}, {TURN}, r{by}\n{operation} r{result}, r{result}, r{by}");
    }

    /// Work on a value that is of another kind in the next turn.
    fn kinds_in_turn(&mut self) {
        let [values, count, value, result] = self.take();
        let kinds =
            self.pick(&[&["1", "2.5"][..], &["1", "2.5", "true"], &["true", "\"s\"", "empty", "1", "2.5"]]);
        line!(self.begin, "new_array r{values}, {ZERO}\nload_const r{count}, {}", kinds.len());
        for kind in kinds {
            line!(self.begin, "array_len r{result}, r{values}\nload_const r{value}, {kind}");
            line!(self.begin, "array_set r{values}, r{result}, r{value}");
        }
        line!(self.body, "mod r{value}, {TURN}, r{count}\narray_get r{value}, r{values}, r{value}");
        for _ in 0..self.random.usize(1..4) {
            let text = match self.random.u8(..4) {
                0 => format!("eq r{result}, r{value}, {ONE}"),
                1 => format!("not r{result}, r{value}"),
                2 => format!("and r{result}, r{value}, {TURN}"),
                _ if kinds.len() == 2 => format!("add r{result}, r{value}, {ONE}"),
                _ => format!("move r{result}, r{value}"),
            };
            line!(self.body, "{text}");
        }
        if self.random.bool() {
            let behind = self.label();
            line!(self.body, "jump_if r{result}, {behind}\nnop\n{behind}: nop");
        }
    }

    /// Blocks in the reverse of the order in which they run.
    fn backwards(&mut self) {
        let count = self.pick(&[2, 5, 30, 200]);
        let labels: Vec<String> = (0..=count).map(|_| self.label()).collect();
        line!(self.body, "jump {}", labels[0]);
        for place in (0..count).rev() {
            line!(self.body, "{}: add r6, {TURN}, {ONE}\njump {}", labels[place], labels[place + 1]);
            if place == count - 1 && count > 2 {
                line!(self.body, "nop");
            }
        }
        line!(self.body, "{}: nop", labels[count]);
    }

    /// A loop of a few turns, as many as the turn of the loop around tells.
    fn short_loop(&mut self) {
        let [count, left] = self.take();
        let top = self.label();
        line!(self.begin, "load_const r{count}, {}", self.pick(&[1, 2, 3, 10, 60]));
        line!(self.body, "mod r{left}, {TURN}, r{count}\nadd r{left}, r{left}, {ONE}");
        line!(self.body, "{top}: sub r{left}, r{left}, {ONE}");
        if self.random.bool() {
            self.arithmetic();
        }
        line!(self.body, "jump_if r{left}, {top}");
    }

    /// Writes to an array that another register may hold, too.
    fn elements(&mut self) {
        let [array, holder, place, value] = self.take();
        line!(self.begin, "load_const r{place}, {}", self.pick(&[1, 4, 60]));
        line!(self.begin, "new_array r{array}, r{place}\nmove r{holder}, {ONE}");
        line!(self.begin, "load_const r{value}, {}", self.pick(&["1", "2.5", "\"s\""]));
        if self.random.bool() {
            line!(self.body, "move r{holder}, r{array}");
        }
        line!(self.body, "array_len r{place}, r{array}\nmod r{place}, {TURN}, r{place}");
        line!(self.body, "array_set r{array}, r{place}, r{value}\narray_get r{holder}, r{array}, r{place}");
    }

    /// Entries of a dict, set and taken away.
    fn entries(&mut self) {
        let [dict, key, value] = self.take();
        line!(self.begin, "dict_new r{dict}");
        line!(self.body, "load_const r{key}, \"k{}\"\ndict_set r{dict}, r{key}, {TURN}", self.random.u8(..4));
        line!(self.body, "dict_get r{value}, r{dict}, r{key}");
        if self.random.bool() {
            line!(self.body, "dict_remove r{dict}, r{key}");
        }
        line!(self.body, "dict_contains r{value}, r{dict}, r{key}");
    }

    fn globals(&mut self) {
        let [value] = self.take();
        let name = self.random.u8(..3);
        line!(self.body, "store_global {TURN}, \"g{name}\"\nload_global r{value}, \"g{name}\"");
        if self.random.bool() {
            line!(self.body, "load_const r{value}, 1.5\nstore_global r{value}, \"g{name}\"");
        }
    }

    fn arithmetic(&mut self) {
        for _ in 0..self.random.usize(1..6) {
            let operation = self.pick(&["add", "sub", "mul", "eq", "lt", "gte", "and", "or"]);
            line!(self.body, "{operation} r7, {TURN}, {}", self.pick(&[ZERO, ONE, MINUS_ONE, TURN]));
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("L{}", self.labels)
    }

    /// So many registers that nothing else uses.
    fn take<const COUNT: usize>(&mut self) -> [u8; COUNT] {
        std::array::from_fn(|_| {
            self.free += 1;
            self.free - 1
        })
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.usize(..from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_program() {
        assert_eq!(looping(1, 7), looping(1, 7));
        assert_ne!(looping(1, 7), looping(1, 8));
    }

    #[test]
    fn steps_are_within_their_bounds() {
        let [least, most] = STEPS;
        assert!((0..200).all(|index| (least..=most).contains(&looping(3, index).steps)));
    }
}
