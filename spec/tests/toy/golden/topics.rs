// Generated from spec/isa.yaml, spec/values.yaml, spec/format.yaml, spec/errors.yaml and spec/language.yaml by "cargo run -p mdvm-spec -- render rust". Do not edit.

/// Everything that can be explained: records that end with 0x1e, of fields with 0x1f between them: the kind, the name, other
/// names with line ends between them, the text. It is one text, since each reference in a table would be a relocation that
/// every start of the command pays for.
static TOPICS: &str = concat!(
    "opcode\u{1f}load_const\u{1f}LoadConstR\nLoadConst\u{1f}load_const dst, constant\n\nr[dst] = k[constant]\n\nOpcode 0, LoadConstR.\n  dst: out\n  constant: constant\n  -> any\u{1e}",
    "opcode\u{1f}double\u{1f}DoubleR\nDouble\u{1f}double dst, src\n\nr[dst] = r[src] twice\n\nOpcode 1, DoubleR.\n  dst: out\n  src: in\n  src: int -> int\n  -> TypeMismatch\n  errors: TypeMismatch, OutOfMemory\u{1e}",
    "opcode\u{1f}halt\u{1f}Halt\nHalt\u{1f}halt\n\nend the program\n\nOpcode 2, Halt.\n  -> nothing\u{1e}",
    "error\u{1f}InvalidMagic\u{1f}invalid_magic\u{1f}It is found when a module is loaded.\n\ninvalid magic {found}\n  the first four bytes are not the magic\u{1e}",
    "error\u{1f}TypeMismatch\u{1f}type_mismatch\u{1f}An instruction gives it.\n\nType mismatch: expected {expected}, found {type}\n  an operand has a type that the instruction does not take\n\nInstructions that can give it: double.\u{1e}",
    "error\u{1f}OutOfMemory\u{1f}out_of_memory\u{1f}A limit of the run gives it.\n\nOut of memory: the limit is {limit:#x} bytes\n  the memory of the run would be over its limit\n\nInstructions that can give it: double.\n\nThe limit: max_steps, max_memory.\u{1e}",
    "error\u{1f}InvalidState\u{1f}invalid_state\u{1f}It is found when a saved state is read.\n\ninvalid state: {problem}\n  it is no state\u{1e}",
    "type of values\u{1f}empty\u{1f}\u{1f}Its id is 0. Text form: empty.\nCounts as false: never.\nIn an outcome: null; in Python: None.\u{1e}",
    "type of values\u{1f}int\u{1f}\u{1f}Its id is 1. Text form: digits.\nCounts as false: never.\nIn an outcome: 12; in Python: int.\u{1e}",
    "limit of a run\u{1f}max_steps\u{1f}max-steps\n--max-steps\u{1f}It counts instructions. Default: none. A run that reaches it ends with OutOfMemory.\u{1e}",
    "limit of a run\u{1f}max_memory\u{1f}max-memory\n--max-memory\u{1f}It counts bytes. Default: 1024. A run that reaches it ends with OutOfMemory.\u{1e}",
    "limit of the file format\u{1f}constants\u{1f}\u{1f}65536 at the most: an operand addresses a constant with a u16.\u{1e}",
    "form of the language\u{1f}say\u{1f}say\u{1f}Say EXPRESSION.\n\nPrints a value.\n\nThis page\n\n    Say _5_.\n\nprints\n\n    5\u{1e}",
    "operator of the language\u{1f}minus\u{1f}-\nminus\u{1f}Written: -.\nsubtracts (rule Numbers).\u{1e}",
    "operator of the language\u{1f}negative\u{1f}-\nnegative\u{1f}Written: -.\nthe negative.\u{1e}",
    "operator of the language\u{1f}not\u{1f}not\nis not\nnot\u{1f}Written: not, is not.\nthe opposite.\u{1e}",
    "type of the language\u{1f}Whole Number\u{1f}Whole Number\u{1f}Written: Whole Number.\nWhat fits: a whole number; empty fits every type.\u{1e}",
    "type of the language\u{1f}Yes/No\u{1f}Yes/No\u{1f}Written: Yes/No.\nWhat fits: a whole number; empty fits every type.\u{1e}",
    "type of the language\u{1f}URL\u{1f}URL\nlink\u{1f}Written: URL, link.\nWhat fits: empty; empty fits every type.\u{1e}",
    "type of the language\u{1f}Empty\u{1f}Empty\u{1f}Written: Empty.\nWhat fits: empty alone; empty fits every type.\u{1e}",
    "diagnostic of a page\u{1f}UndefinedName\u{1f}undefined_name\u{1f}error: no variable `{name}` here\n\nIt stands at the name.\nLine 1 of this page gives it:\n\n    Say `tea`.\u{1e}",
    "diagnostic of a page\u{1f}InvalidLiteral\u{1f}invalid_literal\u{1f}error: _{text}_ is no {type}\nhint: write \"{text}\"\n\nIt stands at the literal.\u{1e}",
    "diagnostic of a page\u{1f}TooDeep\u{1f}too_deep\u{1f}warning: deeper than {limit}\nhint: less is more\n\nIt stands at the token.\u{1e}",
    "diagnostic of a page\u{1f}MissingPeriod\u{1f}missing_period\u{1f}error: no period\n\nIt stands at the end.\u{1e}",
    "rule of the language\u{1f}Numbers\u{1f}rule Numbers\u{1f}There are whole numbers.\u{1e}",
    "limit of the language\u{1f}nesting\u{1f}\u{1f}10 at the most: deeper is refused.\u{1e}",
);
