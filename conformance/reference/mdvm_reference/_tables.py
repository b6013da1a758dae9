# Generated from spec/isa.yaml, spec/values.yaml, spec/format.yaml, spec/errors.yaml and spec/state.yaml by "cargo run -p mdvm-spec -- write". Do not edit.

# The first bytes of a module.
MAGIC = "MDBC"

# The only version there is.
VERSION = 1

# The only flags of this version.
FLAGS = 1

# Execution starts here, where there is a function of this name.
ENTRY_FUNCTION = "main"

# Header field -> bytes, in order.
HEADER = {
    "magic": 4,
    "version": 4,
    "flags": 4,
    "name_offset": 4,
    "constants_offset": 4,
    "functions_offset": 4,
    "instructions_offset": 4,
}

# Section -> the fewest bytes an entry can take, or None where it has no entries; in decoding order.
SECTIONS = {
    "name": None,
    "constants": 1,
    "functions": 8,
    "instructions": 1,
}

# Constant tag -> type.
CONSTANT_TAGS = {
    1: "int",
    2: "float",
    3: "string",
    4: "bool",
    5: "empty",
}

# Limits of a module.
LIMITS = {
    "module_bytes": 4294967295,
    "constants": 65536,
    "instructions": 268435456,
    "functions": 1048576,
}

# The first bytes of a source map.
SOURCE_MAP_MAGIC = "MDBM"

# The only version of source maps.
SOURCE_MAP_VERSION = 1

# Header field of a source map -> bytes, in order.
SOURCE_MAP_HEADER = {
    "magic": 4,
    "version": 4,
    "module_hash": 8,
    "section_count": 4,
}

# Encoding in a source map -> layout.
SOURCE_MAP_ENCODINGS = {
    "number": "LEB128: seven bits a byte, the lowest first; bit 7 says that more follow",
    "delta": "number: twice the difference, or minus twice the difference minus one where it is negative",
    "text": "number of bytes, then that many bytes of UTF-8",
    "flag": "u8",
    "sha256": "32 bytes",
    "count": "number",
}

# Section of a source map -> ((field, encoding), ...), in order.
SOURCE_MAP_SECTIONS = {
    "source": (("name", "text"), ("text_hash", "sha256"), ("has_text", "flag"), ("text", "text")),
    "functions": (("functions", "count"), ("name", "text"), ("line", "number"), ("begin", "number"), ("instructions", "number"), ("inputs", "count"), ("input", "text")),
    "lines": (("runs", "count"), ("begin", "number"), ("line", "delta"), ("column", "delta")),
    "variables": (("variables", "count"), ("function", "number"), ("register", "number"), ("name", "text"), ("type", "text")),
}

# Registers of a frame.
REGISTERS = 256

# Type id -> name, title.
TYPES = {
    0: ("empty", "Empty"),
    1: ("bool", "Bool"),
    2: ("int", "Int"),
    3: ("float", "Float"),
    4: ("string", "String"),
    5: ("function", "Function"),
    6: ("url", "Url"),
    7: ("array", "Array"),
    8: ("dict", "Dict"),
}

# Assert kind -> name, whether a range follows.
ASSERT_KINDS = {
    0: ("true", False),
    1: ("non_empty", False),
    2: ("int_range", True),
}

# Bytes of the cost model.
COSTS = {
    "string": 32,
    "array": 48,
    "element": 16,
    "dict": 64,
    "entry": 64,
    "frame": 4096,
}

# Limit of a run -> default (None is no limit), error.
RUN_LIMITS = {
    "max_steps": (None, "StepLimitExceeded"),
    "max_call_depth": (1000, "StackOverflow"),
    "max_memory": (1073741824, "OutOfMemory"),
    "max_output": (None, "OutputLimitExceeded"),
}

# A value heavier than this is elided in an outcome.
OUTCOME_WEIGHT_LIMIT = 67108864

# How much of a value's text goes into the digest of a trace.
TRACE_TEXT_BYTES = 64

# A trace holds this many of the first instructions executed.
TRACE_STEPS = 1000000

# How many open scopes a frame remembers.
TRACKED_SCOPES = 64

# What a TypeMismatch may say it expected.
EXPECTATIONS = {
    "numeric": "numeric",
    "numeric_or_string": "numeric or string",
    "integer": "integer",
    "integer_index": "integer index",
    "string": "string",
    "string_key": "string key",
    "array": "array",
    "dict": "dict",
    "empty": "empty",
    "float": "float",
    "function": "function",
    "url": "url",
}

# What an InvalidOperation may say was tried.
OPERATIONS = {
    "negation": "negation",
}

# Error variant -> kind, message, ((field, type of the field), ...).
ERRORS = {
    "InvalidMagic": ("InvalidMagic", "invalid magic {found} at byte 0x0: a module begins with 4d 44 42 43 (\"MDBC\")", (("found", "bytes"),)),
    "UnsupportedVersion": ("UnsupportedVersion", "unsupported version {version} at byte {offset:#x}: this machine reads version {supported}", (("version", "uint"), ("offset", "uint"), ("supported", "uint"))),
    "UnsupportedFlags": ("UnsupportedFlags", "unsupported flags {flags:#x} at byte {offset:#x}: this machine reads flags {supported:#x}", (("flags", "uint"), ("offset", "uint"), ("supported", "uint"))),
    "InvalidOffset": ("InvalidOffset", "{section} offset {value} is past the end of the file of {size} bytes (at byte {offset:#x})", (("section", "text"), ("value", "uint"), ("size", "uint"), ("offset", "uint"))),
    "UnexpectedEof": ("UnexpectedEof", "unexpected end of file at byte {offset:#x}: {what} needs {needed} bytes and {left} are left", (("what", "text"), ("needed", "uint"), ("left", "uint"), ("offset", "uint"))),
    "InvalidCount": ("InvalidCount", "{what} {count} is more than the {left} bytes left can hold (at byte {offset:#x})", (("what", "text"), ("count", "uint"), ("left", "uint"), ("offset", "uint"))),
    "CountOverLimit": ("InvalidCount", "{what} {count} is over the limit {limit} (at byte {offset:#x})", (("what", "text"), ("count", "uint"), ("limit", "uint"), ("offset", "uint"))),
    "InvalidUtf8": ("InvalidUtf8", "{what} is not UTF-8: invalid byte sequence at byte {offset:#x}", (("what", "text"), ("offset", "uint"))),
    "InvalidConstantTag": ("InvalidConstantTag", "invalid tag {tag} of constant {index} at byte {offset:#x}", (("tag", "uint"), ("index", "uint"), ("offset", "uint"))),
    "InvalidOpcode": ("InvalidOpcode", "invalid opcode {opcode} at instruction {instruction} (byte {offset:#x})", (("opcode", "uint"), ("instruction", "uint"), ("offset", "uint"))),
    "InvalidConstantIndex": ("InvalidConstantIndex", "constant index {index} is outside the pool of {count} at instruction {instruction} (byte {offset:#x})", (("index", "uint"), ("count", "uint"), ("instruction", "uint"), ("offset", "uint"))),
    "InvalidConstantKind": ("InvalidConstantIndex", "constant {index} is of kind {found} where {expected} is needed at instruction {instruction} (byte {offset:#x})", (("index", "uint"), ("found", "type"), ("expected", "type"), ("instruction", "uint"), ("offset", "uint"))),
    "InvalidTypeId": ("InvalidTypeId", "invalid type id {id} at instruction {instruction} (byte {offset:#x})", (("id", "uint"), ("instruction", "uint"), ("offset", "uint"))),
    "InvalidAssertKind": ("InvalidAssertKind", "invalid assert kind {id} at instruction {instruction} (byte {offset:#x})", (("id", "uint"), ("instruction", "uint"), ("offset", "uint"))),
    "InvalidJumpTarget": ("InvalidJumpTarget", "jump of {jump} at instruction {instruction} goes to {target}, outside 0..={count}", (("jump", "int"), ("instruction", "uint"), ("target", "int"), ("count", "uint"))),
    "InvalidEntryPoint": ("InvalidEntryPoint", "entry {entry} of function \"{name}\" is outside 0..{count}", (("entry", "uint"), ("name", "text"), ("count", "uint"))),
    "DuplicateFunction": ("DuplicateFunction", "function \"{name}\" stands twice in the table (at byte {offset:#x})", (("name", "text"), ("offset", "uint"))),
    "TypeMismatch": ("TypeMismatch", "Type mismatch: expected {expected}, found {found}", (("expected", "expectation"), ("found", "type"))),
    "OperandTypes": ("TypeMismatch", "Type mismatch: expected {expected}, found {left} and {right}", (("expected", "expectation"), ("left", "title"), ("right", "title"))),
    "CastOutOfRange": ("TypeMismatch", "Type mismatch: expected {expected}, found float {text}", (("expected", "expectation"), ("text", "text"))),
    "DivisionByZero": ("DivisionByZero", "Division by zero", ()),
    "IntegerOverflow": ("IntegerOverflow", "Integer overflow", ()),
    "IndexOutOfBounds": ("IndexOutOfBounds", "Index out of bounds: index {index} for length {length}", (("index", "int"), ("length", "uint"))),
    "UndefinedFunction": ("UndefinedFunction", "Undefined function: {name}", (("name", "text"),)),
    "UndefinedEntry": ("UndefinedFunction", "Undefined function: func_{entry}", (("entry", "int"),)),
    "NotCallable": ("UndefinedFunction", "Undefined function: no function specified", ()),
    "InvalidOperation": ("InvalidOperation", "Invalid operation: {operation} on type {type}", (("operation", "operation"), ("type", "title"))),
    "NegativeSize": ("InvalidOperation", "Invalid operation: create array on type negative size: {size}", (("size", "int"),)),
    "InvalidComparison": ("InvalidComparison", "Invalid comparison: {left} and {right}", (("left", "title"), ("right", "title"))),
    "AssertionFailed": ("AssertionFailed", "Assertion failed: {message}", (("message", "text"),)),
    "StackOverflow": ("StackOverflow", "Stack overflow", ()),
    "StepLimitExceeded": ("StepLimitExceeded", "Step limit exceeded: the limit is {limit} instructions", (("limit", "uint"),)),
    "OutputLimitExceeded": ("OutputLimitExceeded", "Output limit exceeded: the limit is {limit} bytes", (("limit", "uint"),)),
    "OutOfMemory": ("OutOfMemory", "Out of memory: the limit is {limit} bytes", (("limit", "uint"),)),
    "Interrupted": ("Interrupted", "Interrupted", ()),
    "DeadlineExceeded": ("DeadlineExceeded", "Deadline exceeded", ()),
    "OutputFailed": ("OutputFailed", "Cannot write output: {reason}", (("reason", "text"),)),
    "InvalidState": ("InvalidState", "invalid state: {problem}", (("problem", "text"),)),
    "UnsupportedStateVersion": ("UnsupportedStateVersion", "unsupported state version {version}: this machine reads version {supported}", (("version", "uint"), ("supported", "uint"))),
    "WrongModule": ("WrongModule", "the state is of another module: of {found}, and this one is {expected}", (("found", "text"), ("expected", "text"))),
    "InvalidObject": ("InvalidObject", "object {object} of the state: {problem}", (("object", "uint"), ("problem", "text"))),
    "InvalidGlobal": ("InvalidGlobal", "global \"{name}\" of the state: {problem}", (("name", "text"), ("problem", "text"))),
    "InvalidFrame": ("InvalidFrame", "frame {frame} of the state: {problem}", (("frame", "uint"), ("problem", "text"))),
    "InvalidRegister": ("InvalidRegister", "register {register} in frame {frame} of the state: {problem}", (("register", "uint"), ("frame", "uint"), ("problem", "text"))),
    "InvalidPrevious": ("InvalidPrevious", "previous instruction {previous} of the state: {problem}", (("previous", "uint"), ("problem", "text"))),
    "WrongMemory": ("WrongMemory", "the state says that it takes {declared} bytes of memory, and it takes {counted}", (("declared", "uint"), ("counted", "uint"))),
}

# The only version of states.
STATE_VERSION = 1

# Field of a state -> its form, in order.
STATE_FIELDS = {
    "mdst": "version",
    "module": "hash",
    "steps": "count",
    "output": "count",
    "memory": "count",
    "previous": "optional_index",
    "globals": "globals",
    "frames": "frames",
    "objects": "objects",
}

# Field of a frame in a state -> its form, in order.
STATE_FRAME = {
    "function": "optional_text",
    "pc": "count",
    "registers": "registers",
    "tags": "tags",
    "scopes": "indices",
}

# Object of a state -> the form of its content.
STATE_OBJECTS = {
    "string": "text",
    "array": "values",
    "dict": "entries",
    "url": "text",
    "function": "text",
}

# Value of a state that is no JSON value as such -> the form of its content.
STATE_VALUES = {
    "float": "text",
    "constant": "count",
    "object": "count",
}

# Opcode -> name, mnemonic, summary, ((operand, role), ...), flow, effects, errors.
OPCODES = {
    0: ("LoadConstR", "load_const", "r[dst] = k[constant]", (("dst", "out"), ("constant", "constant")), "next", (), ()),
    1: ("MoveR", "move", "r[dst] = r[src]", (("dst", "out"), ("src", "in")), "next", (), ()),
    2: ("LoadGlobalR", "load_global", "r[dst] = globals[k[name]], or empty if there is none", (("dst", "out"), ("name", "global")), "next", ("globals",), ()),
    3: ("StoreGlobalR", "store_global", "globals[k[name]] = r[src]", (("src", "in"), ("name", "global")), "next", ("globals",), ()),
    4: ("DefineR", "define", "tag[dst] = type; the value of r[dst] stays", (("dst", "tagged"), ("type", "type")), "next", ("tags",), ()),
    5: ("CheckTypeR", "check_type", "r[dst] = (tag[src] == type)", (("dst", "out"), ("src", "in"), ("type", "type")), "next", ("tags",), ()),
    6: ("CastR", "cast", "r[dst] = r[src] as type", (("dst", "out"), ("src", "in"), ("type", "type")), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    7: ("AddR", "add", "r[dst] = r[left] + r[right]; numbers add, strings join", (("dst", "out"), ("left", "in"), ("right", "in")), "next", ("memory",), ("TypeMismatch", "IntegerOverflow", "OutOfMemory")),
    8: ("SubR", "sub", "r[dst] = r[left] - r[right]", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("TypeMismatch", "IntegerOverflow")),
    9: ("MulR", "mul", "r[dst] = r[left] * r[right]", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("TypeMismatch", "IntegerOverflow")),
    10: ("DivR", "div", "r[dst] = r[left] / r[right]; int division truncates toward zero", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("DivisionByZero", "TypeMismatch", "IntegerOverflow")),
    11: ("ModR", "mod", "r[dst] = r[left] % r[right]; the remainder has the sign of the dividend", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("DivisionByZero", "TypeMismatch", "IntegerOverflow")),
    12: ("NegR", "neg", "r[dst] = -r[src]", (("dst", "out"), ("src", "in")), "next", (), ("InvalidOperation", "IntegerOverflow")),
    13: ("NotR", "not", "r[dst] = not truthy(r[src])", (("dst", "out"), ("src", "in")), "next", (), ()),
    14: ("AndR", "and", "r[dst] = truthy(r[left]) and truthy(r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ()),
    15: ("OrR", "or", "r[dst] = truthy(r[left]) or truthy(r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ()),
    16: ("EqR", "eq", "r[dst] = (r[left] == r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ()),
    17: ("NeqR", "neq", "r[dst] = not (r[left] == r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ()),
    18: ("LtR", "lt", "r[dst] = (r[left] < r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("InvalidComparison",)),
    19: ("GtR", "gt", "r[dst] = (r[left] > r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("InvalidComparison",)),
    20: ("LteR", "lte", "r[dst] = (r[left] <= r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("InvalidComparison",)),
    21: ("GteR", "gte", "r[dst] = (r[left] >= r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", (), ("InvalidComparison",)),
    22: ("JumpR", "jump", "pc = offset", (("offset", "jump"),), "jump", (), ()),
    23: ("JumpIfR", "jump_if", "if truthy(r[cond]), pc = offset", (("cond", "in"), ("offset", "jump")), "branch", (), ()),
    24: ("JumpIfNotR", "jump_if_not", "if not truthy(r[cond]), pc = offset", (("cond", "in"), ("offset", "jump")), "branch", (), ()),
    25: ("CallR", "call", "r[dst] = r[func](r[args]...)", (("func", "in"), ("dst", "out"), ("args", "registers")), "call", ("functions", "memory"), ("UndefinedFunction", "StackOverflow", "OutOfMemory")),
    26: ("ReturnR", "return", "return r[src], or return without a value", (("src", "optional_in"),), "return", (), ()),
    27: ("PhiR", "phi", "r[dst] = the register of the first pair whose label is the instruction that ran before the run of phis", (("dst", "out"), ("sources", "phis")), "phi", (), ()),
    28: ("AssertR", "assert", "fail with the message unless r[reg] passes the check", (("reg", "in"), ("check", "check")), "next", ("constants",), ("AssertionFailed",)),
    29: ("ScopeEnterR", "scope_enter", "open a scope in this frame, for debuggers", (("scope", "scope"),), "next", ("scopes",), ()),
    30: ("ScopeExitR", "scope_exit", "close a scope in this frame, for debuggers", (("scope", "scope"),), "next", ("scopes",), ()),
    31: ("ConcatStrR", "concat_str", "r[dst] = text(r[left]) joined with text(r[right])", (("dst", "out"), ("left", "in"), ("right", "in")), "next", ("memory",), ("OutOfMemory",)),
    32: ("StrLenR", "str_len", "r[dst] = length of r[str] in UTF-8 bytes", (("dst", "out"), ("str", "in")), "next", (), ("TypeMismatch",)),
    33: ("NewArrayR", "new_array", "r[dst] = an array of r[size] empties", (("dst", "out"), ("size", "in")), "next", ("memory",), ("TypeMismatch", "InvalidOperation", "OutOfMemory")),
    34: ("ArrayGetR", "array_get", "r[dst] = r[array][r[index]]", (("dst", "out"), ("array", "in"), ("index", "in")), "next", (), ("TypeMismatch", "IndexOutOfBounds")),
    35: ("ArraySetR", "array_set", "r[array][r[index]] = r[value]; at index == length it appends", (("array", "inout"), ("index", "in"), ("value", "in")), "next", ("memory",), ("TypeMismatch", "IndexOutOfBounds", "OutOfMemory")),
    36: ("ArrayLenR", "array_len", "r[dst] = number of elements of r[array]", (("dst", "out"), ("array", "in")), "next", (), ("TypeMismatch",)),
    37: ("DebugPrint", "debug_print", "print text(r[src]) and a newline; empty prints nothing at all", (("src", "in"),), "next", ("memory", "output"), ("OutOfMemory", "OutputLimitExceeded")),
    38: ("BreakPoint", "break_point", "a place where a debugger may stop; otherwise nothing", (), "next", (), ()),
    39: ("Halt", "halt", "end the program; its result is empty", (), "halt", (), ()),
    40: ("Nop", "nop", "do nothing", (), "next", (), ()),
    41: ("DictNewR", "dict_new", "r[dst] = a dict without entries", (("dst", "out"),), "next", ("memory",), ("OutOfMemory",)),
    42: ("DictGetR", "dict_get", "r[dst] = r[dict][r[key]], or empty if there is none", (("dst", "out"), ("dict", "in"), ("key", "in")), "next", (), ("TypeMismatch",)),
    43: ("DictSetR", "dict_set", "r[dict][r[key]] = r[value]; a new key comes last", (("dict", "inout"), ("key", "in"), ("value", "in")), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    44: ("DictRemoveR", "dict_remove", "remove r[key] from r[dict], if it is there; the others keep their order", (("dict", "inout"), ("key", "in")), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    45: ("DictContainsR", "dict_contains", "r[dst] = whether r[dict] has the key r[key]", (("dst", "out"), ("dict", "in"), ("key", "in")), "next", (), ("TypeMismatch",)),
    46: ("DictKeysR", "dict_keys", "r[dst] = an array of the keys of r[dict], in order", (("dst", "out"), ("dict", "in")), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    47: ("DictValuesR", "dict_values", "r[dst] = an array of the values of r[dict], in the order of their keys", (("dst", "out"), ("dict", "in")), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    48: ("DictClearR", "dict_clear", "remove every entry of r[dict]", (("dict", "inout"),), "next", ("memory",), ("TypeMismatch", "OutOfMemory")),
    49: ("DictLenR", "dict_len", "r[dst] = number of entries of r[dict]", (("dst", "out"), ("dict", "in")), "next", (), ("TypeMismatch",)),
}

# Opcode -> what its operand types give; the first rule that matches wins.
TYPE_RULES = {
    0: ("-> any",),
    1: ("-> any",),
    2: ("-> any",),
    3: ("-> nothing",),
    4: ("-> nothing",),
    5: ("-> bool",),
    6: ("-> cast",),
    7: ("left: int, right: int -> int", "left: number, right: number -> float", "left: string, right: string -> string", "-> TypeMismatch (expected numeric or string)"),
    8: ("left: int, right: int -> int", "left: number, right: number -> float", "-> TypeMismatch (expected numeric)"),
    9: ("left: int, right: int -> int", "left: number, right: number -> float", "-> TypeMismatch (expected numeric)"),
    10: ("left: int, right: int -> int", "left: number, right: number -> float", "-> TypeMismatch (expected numeric)"),
    11: ("left: int, right: int -> int", "left: number, right: number -> float", "-> TypeMismatch (expected numeric)"),
    12: ("src: int -> int", "src: float -> float", "-> InvalidOperation"),
    13: ("-> bool",),
    14: ("-> bool",),
    15: ("-> bool",),
    16: ("-> bool",),
    17: ("-> bool",),
    18: ("left: number, right: number -> bool", "left: string, right: string -> bool", "-> InvalidComparison"),
    19: ("left: number, right: number -> bool", "left: string, right: string -> bool", "-> InvalidComparison"),
    20: ("left: number, right: number -> bool", "left: string, right: string -> bool", "-> InvalidComparison"),
    21: ("left: number, right: number -> bool", "left: string, right: string -> bool", "-> InvalidComparison"),
    22: ("-> nothing",),
    23: ("-> nothing",),
    24: ("-> nothing",),
    25: ("func: callable -> any", "-> UndefinedFunction"),
    26: ("-> nothing",),
    27: ("-> any",),
    28: ("-> nothing or AssertionFailed",),
    29: ("-> nothing",),
    30: ("-> nothing",),
    31: ("-> string",),
    32: ("str: string -> int", "-> TypeMismatch (expected string)"),
    33: ("size: int -> array", "-> TypeMismatch (expected integer)"),
    34: ("array: array, index: int -> any", "array: array -> TypeMismatch (expected integer index)", "-> TypeMismatch (expected array)"),
    35: ("array: array, index: int -> array", "array: array -> TypeMismatch (expected integer index)", "-> TypeMismatch (expected array)"),
    36: ("array: array -> int", "-> TypeMismatch (expected array)"),
    37: ("-> nothing",),
    38: ("-> nothing",),
    39: ("-> nothing",),
    40: ("-> nothing",),
    41: ("-> dict",),
    42: ("dict: dict, key: string -> any", "dict: dict -> TypeMismatch (expected string key)", "-> TypeMismatch (expected dict)"),
    43: ("dict: dict, key: string -> dict", "dict: dict -> TypeMismatch (expected string key)", "-> TypeMismatch (expected dict)"),
    44: ("dict: dict, key: string -> dict", "dict: dict -> TypeMismatch (expected string key)", "-> TypeMismatch (expected dict)"),
    45: ("dict: dict, key: string -> bool", "dict: dict -> TypeMismatch (expected string key)", "-> TypeMismatch (expected dict)"),
    46: ("dict: dict -> array", "-> TypeMismatch (expected dict)"),
    47: ("dict: dict -> array", "-> TypeMismatch (expected dict)"),
    48: ("dict: dict -> dict", "-> TypeMismatch (expected dict)"),
    49: ("dict: dict -> int", "-> TypeMismatch (expected dict)"),
}
