//! Programs that try to exhaust their host: bombs of every kind that the instructions allow, each in many sizes.

use machine_dialect_vm::RuntimeErrorKind::{
    self, IndexOutOfBounds, OutOfMemory, OutputLimitExceeded, StackOverflow, StepLimitExceeded,
};

/// The memory that every bomb is made for, in bytes: it is to be the limit of the run.
pub(crate) const LIMIT: u64 = 64 << 20;

/// A kind of bomb: its program in some size from 0 on, and how it may end. `None` is an end without error.
pub(crate) struct Bomb {
    pub(crate) name: &'static str,
    pub(crate) program: fn(u64) -> String,
    pub(crate) ends: &'static [Option<RuntimeErrorKind>],
}

/// A size of at most `most` that differs from one number to the next.
fn sized(number: u64, most: u64) -> u64 {
    1 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % most
}

fn text(number: u64, most: u64) -> String {
    "x".repeat(sized(number, most) as usize)
}

/// `[x, x]` of `[x, x]` of …, so many levels deep, in r0.
fn shared_tree(levels: u64) -> String {
    format!(
        "load_const r9, {levels}\nload_const r8, 1\nload_const r7, 0\nload_const r6, 2\nnew_array r0, r6\n\
         grow:\nnew_array r1, r6\narray_set r1, r7, r0\narray_set r1, r8, r0\nmove r0, r1\n\
         sub r9, r9, r8\njump_if r9, grow\n"
    )
}

/// Every kind.
pub(crate) const BOMBS: &[Bomb] = &[
    Bomb {
        name: "a string that doubles",
        program: |n| format!("load_const r0, \"{}\"\nagain:\nadd r0, r0, r0\njump again", text(n, 300)),
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "a text that doubles",
        program: |n| format!("load_const r0, {n}\nagain:\nconcat_str r0, r0, r0\njump again"),
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "an array of any size asked for at once",
        program: |n| {
            let size =
                [1 << 28, 1 << 58, i64::MAX as u64, LIMIT / 16, 1 << 22, LIMIT / 16 - 1 + n][n as usize % 6];
            format!("load_const r0, {size}\nnew_array r1, r0\nmove r2, r1\narray_set r2, r3, r1\nreturn r1")
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "an array that grows at its end",
        program: |n| {
            let size = LIMIT / 16 - 50_000 - sized(n, 9_000);
            format!(
                "load_const r0, {size}\nnew_array r1, r0\nload_const r3, 1\nagain:\narray_set r1, r0, r3\nadd r0, r0, r3\njump again"
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "an array that grows from nothing",
        program: |n| {
            format!(
                "load_const r0, 0\nnew_array r1, r0\nload_const r3, 1\nload_const r4, \"{}\"\nagain:\n\
                 concat_str r5, r4, r0\narray_set r1, r0, r5\nadd r0, r0, r3\njump again",
                text(n, 2000) + &"y".repeat(1500)
            )
        },
        ends: &[Some(OutOfMemory), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "an array written to while another holds it",
        program: |n| {
            let size = LIMIT / 16 / 2 + sized(n, 1000) - 500;
            format!(
                "load_const r0, {size}\nnew_array r1, r0\nload_const r3, 0\nagain:\nmove r2, r1\narray_set r2, r3, r3\n\
                 store_global r2, \"kept\"\njump again"
            )
        },
        ends: &[Some(OutOfMemory), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "arrays nested ever deeper",
        program: |n| {
            let then = ["eq r2, r0, r0", "concat_str r2, r0, r0", "debug_print r0", "cast r2, r0, string"]
                [n as usize % 4];
            format!(
                "load_const r9, {}\nload_const r8, 1\nload_const r7, 0\nagain:\nnew_array r1, r8\narray_set r1, r7, r0\nmove r0, r1\n\
                 sub r9, r9, r8\njump_if r9, again\nmove r3, r0\narray_set r3, r7, r3\n{then}\nreturn r0",
                sized(n, 24_000)
            )
        },
        ends: &[None, Some(OutputLimitExceeded)],
    },
    Bomb {
        name: "arrays nested until nothing is left",
        program: |_| {
            "load_const r8, 2000\nload_const r7, 0\nagain:\nnew_array r1, r8\narray_set r1, r7, r0\nmove r0, r1\njump again".to_owned()
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "a tree of shared arrays as text",
        program: |n| {
            let then = ["concat_str r2, r0, r0", "cast r2, r0, string", "debug_print r0"][n as usize % 3];
            format!("{}{then}\nreturn r0", shared_tree(26 + sized(n, 40)))
        },
        ends: &[Some(OutOfMemory), Some(OutputLimitExceeded)],
    },
    Bomb {
        name: "a tree of shared arrays compared and returned",
        program: |n| {
            let tree = shared_tree(30 + sized(n, 40));
            let again = tree.replace("grow", "more").replace("r0", "r10");
            format!("{tree}{again}eq r2, r0, r10\nstore_global r0, \"tree\"\nreturn r2")
        },
        ends: &[None],
    },
    Bomb {
        name: "an array that holds what it was",
        program: |_| {
            "load_const r0, 0\nnew_array r1, r0\nload_const r3, 1\nagain:\narray_len r0, r1\narray_set r1, r0, r1\njump again".to_owned()
        },
        ends: &[Some(OutOfMemory), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "a dict that grows",
        program: |n| {
            format!(
                "dict_new r1\nload_const r0, 0\nload_const r3, 1\nload_const r4, \"{}\"\nagain:\nconcat_str r5, r4, r0\n\
                 dict_set r1, r5, r0\nadd r0, r0, r3\njump again",
                text(n, 900) + &"k".repeat(2600)
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "a dict of small entries",
        program: |_| {
            "dict_new r1\nload_const r0, 0\nload_const r3, 1\nagain:\ncast r5, r0, string\ndict_set r1, r5, r1\n\
             dict_clear r1\ndict_set r1, r5, r0\nadd r0, r0, r3\njump again"
                .to_owned()
        },
        ends: &[Some(StepLimitExceeded)],
    },
    Bomb {
        name: "the keys and values of a dict, kept",
        program: |n| {
            format!(
                "dict_new r1\nload_const r0, {}\nload_const r3, 1\nfill:\ncast r5, r0, string\ndict_set r1, r5, r0\n\
                 sub r0, r0, r3\njump_if r0, fill\nload_const r0, 0\nnew_array r6, r0\nagain:\ndict_keys r7, r1\narray_len r0, r6\n\
                 array_set r6, r0, r7\ndict_values r7, r1\narray_len r0, r6\narray_set r6, r0, r7\njump again",
                2000 + sized(n, 2000)
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "copies of a dict",
        program: |n| {
            format!(
                "dict_new r1\nload_const r0, {}\nload_const r3, 1\nfill:\ncast r5, r0, string\ndict_set r1, r5, r0\n\
                 sub r0, r0, r3\njump_if r0, fill\nload_const r0, 0\nnew_array r6, r0\nagain:\nmove r7, r1\ndict_set r7, r5, r0\n\
                 array_len r0, r6\narray_set r6, r0, r7\njump again",
                1000 + sized(n, 1000)
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "globals full of text",
        program: |n| {
            let mut program = format!("load_const r0, \"{}\"\n", text(n, 3000) + &"t".repeat(3000));
            for _ in 0..10 {
                program.push_str("add r0, r0, r0\n");
            }
            for number in 0..40 {
                program.push_str(&format!(
                    "load_const r1, {number}\nconcat_str r1, r0, r1\nstore_global r1, \"g{number}\"\n"
                ));
            }
            program
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "calls without end",
        program: |n| {
            let arguments: Vec<_> = (0..sized(n, 255)).map(|register| format!("r{register}")).collect();
            format!(
                ".func main\nload_const r250, \"main\"\ncall r250, r251, ({})\nreturn",
                arguments.join(", ")
            )
        },
        ends: &[Some(StackOverflow), Some(OutOfMemory)],
    },
    Bomb {
        name: "calls that keep what they were given",
        program: |n| {
            format!(
                ".func main\nload_const r0, \"{}\"\nload_const r1, \"deeper\"\ncall r1, r2, (r0)\nreturn\n\
                 .func deeper\nconcat_str r3, r0, r0\nload_const r1, \"deeper\"\ncall r1, r2, (r3)\nreturn",
                text(n, 50)
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "a long line, printed over and over",
        program: |n| format!("load_const r0, \"{}\"\nagain:\ndebug_print r0\njump again", text(n, 20_000)),
        ends: &[Some(OutputLimitExceeded), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "a line as long as memory",
        program: |n| {
            format!(
                "load_const r0, \"{}\"\nagain:\nadd r0, r0, r0\ndebug_print r0\njump again",
                text(n, 5000)
            )
        },
        ends: &[Some(OutputLimitExceeded), Some(OutOfMemory)],
    },
    Bomb {
        name: "the longest floats",
        program: |n| {
            format!(
                "load_const r0, {}\nload_const r1, \"\"\nagain:\nconcat_str r1, r1, r0\nconcat_str r1, r1, r1\njump again",
                if n % 2 == 0 { "1e308" } else { "5e-324" }
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "loops without end",
        program: |n| {
            let body = ["nop", "scope_enter 7", "load_const r1, \"s\"", "eq r1, r1, r1", "define r1, dict"]
                [n as usize % 5];
            format!("again:\n{body}\njump again")
        },
        ends: &[Some(StepLimitExceeded)],
    },
    Bomb {
        name: "runs of phis without end",
        program: |n| {
            let phis: Vec<_> = (0..sized(n, 200))
                .map(|register| format!("phi r{register}, [r255: back, r0: back]\n"))
                .collect();
            format!("load_const r255, \"x\"\nagain:\n{}back:\njump again", phis.concat())
        },
        ends: &[Some(StepLimitExceeded)],
    },
    Bomb {
        name: "large values handed from register to register",
        program: |n| {
            let moves: Vec<_> =
                (1..250).map(|register| format!("move r{}, r{register}\n", register + 1)).collect();
            format!(
                "load_const r0, {}\nnew_array r1, r0\nagain:\n{}array_set r250, r255, r1\njump again",
                1 << 14,
                moves.concat()
            )
            .replace(
                "array_set r250, r255, r1",
                &format!("load_const r255, {}\narray_set r250, r255, r255", sized(n, 1 << 14)),
            )
        },
        ends: &[Some(StepLimitExceeded), Some(OutOfMemory), Some(IndexOutOfBounds)],
    },
    Bomb {
        name: "arrays that each have just grown",
        program: |n| {
            let size = [200, 1000, 4096, 30_000, (1 << 16) - 1][n as usize % 5];
            format!(
                "load_const r9, {size}\nload_const r3, 0\nnew_array r6, r3\nagain:\nnew_array r1, r9\narray_set r1, r9, r3\n\
                 array_len r5, r6\narray_set r6, r5, r1\njump again"
            )
        },
        ends: &[Some(OutOfMemory)],
    },
    Bomb {
        name: "copies of a dict that held much",
        program: |n| {
            let emptied = if n % 2 == 0 {
                "dict_clear r1".to_owned()
            } else {
                "load_const r0, 10000\nempty:\ncast r5, r0, string\ndict_remove r1, r5\nsub r0, r0, r3\njump_if r0, empty".to_owned()
            };
            format!(
                "dict_new r1\nload_const r0, 10000\nload_const r3, 1\nfill:\ncast r5, r0, string\ndict_set r1, r5, r0\n\
                 sub r0, r0, r3\njump_if r0, fill\n{emptied}\nload_const r0, 0\nnew_array r6, r0\nagain:\nmove r7, r1\n\
                 dict_set r7, r5, r0\narray_set r6, r0, r7\nadd r0, r0, r3\njump again"
            )
        },
        ends: &[Some(OutOfMemory), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "dicts of a few entries",
        program: |n| {
            let entries: String = (0..sized(n, 5))
                .map(|key| format!("load_const r2, \"{key}\"\ndict_set r1, r2, r0\n"))
                .collect();
            format!(
                "load_const r0, 0\nnew_array r6, r0\nload_const r3, 1\nagain:\ndict_new r1\n{entries}array_set r6, r0, r1\n\
                 add r0, r0, r3\njump again"
            )
        },
        ends: &[Some(OutOfMemory), Some(StepLimitExceeded)],
    },
    Bomb {
        name: "large arrays compared over and over",
        program: |n| {
            format!(
                "load_const r0, {}\nnew_array r1, r0\nnew_array r2, r0\nagain:\neq r3, r1, r2\njump again",
                sized(n, 150)
            )
        },
        ends: &[Some(StepLimitExceeded)],
    },
];
