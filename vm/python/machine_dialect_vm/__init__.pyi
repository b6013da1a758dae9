# The public compiler's distribution puts a stub of this name here, which describes another package. This one takes its place.
from . import errors as errors
from . import language as language
from ._errors import AssemblyError as AssemblyError
from ._errors import CompileError as CompileError
from ._errors import LoadError as LoadError
from ._errors import MachineDialectError as MachineDialectError
from ._errors import RunError as RunError
from ._errors import StateError as StateError
from ._native import Module as Module
from ._native import Outcome as Outcome
from ._native import RustVM as RustVM
from ._native import resume as resume
from ._native import run as run
from ._spec import AssertKind as AssertKind
from ._spec import Limits as Limits
from ._spec import Opcode as Opcode
from ._spec import Operand as Operand
from ._spec import Role as Role
from ._spec import TypeId as TypeId
from ._values import Function as Function
from ._values import Url as Url
from .builder import Chunk as Chunk
from .builder import ModuleBuilder as ModuleBuilder
from .builder import link as link
from .language import compile as compile
from .language import compile_file as compile_file

__version__: str

__all__ = [
    "AssemblyError",
    "AssertKind",
    "Chunk",
    "CompileError",
    "Function",
    "Limits",
    "LoadError",
    "MachineDialectError",
    "Module",
    "ModuleBuilder",
    "Opcode",
    "Operand",
    "Outcome",
    "Role",
    "RunError",
    "RustVM",
    "StateError",
    "TypeId",
    "Url",
    "__version__",
    "compile",
    "compile_file",
    "errors",
    "language",
    "link",
    "resume",
    "run",
]

def __dir__() -> list[str]: ...
