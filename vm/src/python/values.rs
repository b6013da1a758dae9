//! Values, between the machine and Python.
//!
//! A value of the machine never leaves its thread, and a run may have a thread of its own. So values travel as a
//! [`Parcel`]: plain data, in which every array and dict stands behind its parts. Nothing here recurses, and a part that is
//! shared is packed once: values may be nested a million deep, and 64 arrays may stand for 2⁶⁴ elements.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};

use crate::module::Constant;
use crate::value::{Array, Str, Value};

/// A value that may go from thread to thread.
#[derive(Clone)]
pub(super) enum Plain {
    Empty,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(String),
    Function(String),
    Url(String),
    /// An object of the parcel, by its index.
    Object(usize),
}

impl Plain {
    /// The object of the parcel that it is, if it is one.
    fn object(&self) -> Option<usize> {
        match self {
            Self::Object(index) => Some(*index),
            Self::Empty
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::String(_)
            | Self::Function(_)
            | Self::Url(_) => None,
        }
    }
}

/// An array or a dict.
pub(super) enum Object {
    Array(Vec<Plain>),
    Dict(Vec<(String, Plain)>),
}

impl Object {
    fn part(&self, index: usize) -> Option<&Plain> {
        match self {
            Self::Array(parts) => parts.get(index),
            Self::Dict(entries) => entries.get(index).map(|(_, value)| value),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Plain> {
        (0..).map_while(|index| self.part(index))
    }
}

/// The arrays and dicts of some values; each stands behind those that are in it.
#[derive(Default)]
pub(super) struct Parcel {
    objects: Vec<Object>,
    /// Where an array or dict of the machine, known by the address of its first part, was packed.
    packed: HashMap<usize, usize, RandomState>,
}

// --- From the machine to Python --------------------------------------------------------------------------------------

/// An array or a dict that is being packed.
struct Packing<'a> {
    address: Option<usize>,
    parts: Parts<'a>,
    object: Object,
}

enum Parts<'a> {
    /// An array, and how many of its elements were packed.
    Array(&'a Array, usize),
    Dict(std::vec::IntoIter<(&'a Str, &'a Value)>),
}

impl Parcel {
    /// Packs a value. Of all values of one run, a part that several share is packed once.
    pub(super) fn pack(&mut self, value: &Value) -> Plain {
        let mut open: Vec<Packing<'_>> = Vec::new();
        let mut next = Cow::Borrowed(value);
        loop {
            // Down, to a value that has no parts, or whose parts were packed.
            let mut packed = loop {
                // What has parts is borrowed.
                let Cow::Borrowed(value) = next else { break Self::pack_scalar(&next) };
                let packing = if let Value::Array(array) = value {
                    Packing {
                        address: Some(array.address()),
                        parts: Parts::Array(array, 0),
                        object: Object::Array(Vec::with_capacity(array.len())),
                    }
                } else if let Value::Dict(dict) = value {
                    let entries: Vec<_> = dict.iter().collect();
                    Packing {
                        address: entries.first().map(|(key, _)| std::ptr::from_ref(*key) as usize),
                        object: Object::Dict(Vec::with_capacity(entries.len())),
                        parts: Parts::Dict(entries.into_iter()),
                    }
                } else {
                    break Self::pack_scalar(value);
                };
                if let Some(index) = packing.address.and_then(|address| self.packed.get(&address)) {
                    break Plain::Object(*index);
                }
                open.push(packing);
                match open.last_mut().and_then(Packing::next_part) {
                    Some(part) => next = part,
                    None => break self.close(open.pop()),
                }
            };
            // Up, to a whole that has another part.
            loop {
                let Some(whole) = open.last_mut() else { return packed };
                whole.take(packed);
                if let Some(part) = whole.next_part() {
                    next = part;
                    break;
                }
                packed = self.close(open.pop());
            }
        }
    }

    /// Packs a value without parts.
    fn pack_scalar(value: &Value) -> Plain {
        match value {
            Value::Bool(value) => Plain::Bool(*value),
            Value::Int(number) => Plain::Int(*number),
            Value::Float(number) => Plain::Float(*number),
            Value::String(text) => Plain::String(text.as_str().to_owned()),
            Value::Function(name) => Plain::Function(name.as_str().to_owned()),
            Value::Url(text) => Plain::Url(text.as_str().to_owned()),
            Value::Empty | Value::Array(_) | Value::Dict(_) => Plain::Empty,
        }
    }

    fn close(&mut self, packing: Option<Packing<'_>>) -> Plain {
        let Some(Packing { address, object, .. }) = packing else { return Plain::Empty };
        let index = self.objects.len();
        self.objects.push(object);
        if let Some(address) = address {
            self.packed.insert(address, index);
        }
        Plain::Object(index)
    }
}

impl<'a> Packing<'a> {
    fn next_part(&mut self) -> Option<Cow<'a, Value>> {
        match (&mut self.parts, &mut self.object) {
            (Parts::Array(array, packed), _) => {
                let part = array.get(*packed)?;
                *packed += 1;
                Some(part)
            }
            (Parts::Dict(entries), Object::Dict(packed)) => {
                let (key, value) = entries.next()?;
                // The value follows, as soon as it is packed.
                packed.push((key.as_str().to_owned(), Plain::Empty));
                Some(Cow::Borrowed(value))
            }
            (Parts::Dict(_), Object::Array(_)) => None,
        }
    }

    fn take(&mut self, part: Plain) {
        match &mut self.object {
            Object::Array(parts) => parts.push(part),
            Object::Dict(entries) => {
                if let Some((_, value)) = entries.last_mut() {
                    *value = part;
                }
            }
        }
    }
}

/// The arrays and dicts of a parcel as Python has them.
///
/// Arrays and dicts are values, so each place that one stands in gets a list or a dict of its own: a change to one is not
/// seen in another. Where that would make more than [`OWN_PARTS`] of them, what the machine shared stays shared.
pub(super) enum Unpacked<'py> {
    Own(Vec<Object>),
    Shared(Vec<Bound<'py, PyAny>>),
}

/// How many parts all values of a run may have in Python together, for each to be an object of its own.
const OWN_PARTS: u64 = 1 << 20;

impl<'py> Unpacked<'py> {
    /// Unpacks the objects of a parcel that `roots` refer to.
    pub(super) fn new<'a>(
        py: Python<'py>,
        parcel: Parcel,
        roots: impl Iterator<Item = &'a Plain>,
    ) -> PyResult<Self> {
        let mut sizes: Vec<u64> = Vec::with_capacity(parcel.objects.len());
        let size = |sizes: &[u64], part: &Plain| part.object().map_or(1, |index| sizes[index]);
        for object in &parcel.objects {
            let sum = object.parts().fold(1, |sum: u64, part| sum.saturating_add(size(&sizes, part)));
            sizes.push(sum);
        }
        let all = roots.fold(0, |sum: u64, root| sum.saturating_add(size(&sizes, root)));
        if all <= OWN_PARTS {
            return Ok(Self::Own(parcel.objects));
        }
        let mut made: Vec<Bound<'py, PyAny>> = Vec::with_capacity(parcel.objects.len());
        for object in &parcel.objects {
            let mut making = Making::begin(py, object);
            while let Some(part) = making.next_part() {
                making.take(match part.object() {
                    Some(index) => made[index].clone(),
                    None => scalar(py, part)?,
                })?;
            }
            made.push(making.end());
        }
        Ok(Self::Shared(made))
    }

    /// The value as Python has it.
    pub(super) fn value(&self, py: Python<'py>, plain: &Plain) -> PyResult<Bound<'py, PyAny>> {
        match (plain.object(), self) {
            (None, _) => scalar(py, plain),
            (Some(index), Self::Shared(made)) => Ok(made[index].clone()),
            (Some(index), Self::Own(objects)) => own(py, objects, index),
        }
    }
}

/// A constant as Python has it. Constants have no parts.
pub(super) fn constant<'py>(py: Python<'py>, constant: &Constant) -> PyResult<Bound<'py, PyAny>> {
    let plain = Parcel::default().pack(&constant.into());
    scalar(py, &plain)
}

/// A list or a dict that is being made.
struct Making<'a, 'py> {
    made: Made<'py>,
    object: &'a Object,
    /// How many of its parts were made.
    count: usize,
}

enum Made<'py> {
    List(Bound<'py, PyList>),
    Dict(Bound<'py, PyDict>),
}

impl<'a, 'py> Making<'a, 'py> {
    fn begin(py: Python<'py>, object: &'a Object) -> Self {
        let made = match object {
            Object::Array(_) => Made::List(PyList::empty(py)),
            Object::Dict(_) => Made::Dict(PyDict::new(py)),
        };
        Self { made, object, count: 0 }
    }

    fn next_part(&self) -> Option<&'a Plain> {
        self.object.part(self.count)
    }

    fn take(&mut self, part: Bound<'py, PyAny>) -> PyResult<()> {
        match (&self.made, self.object) {
            (Made::List(list), _) => list.append(part)?,
            (Made::Dict(dict), Object::Dict(entries)) => dict.set_item(&entries[self.count].0, part)?,
            (Made::Dict(_), Object::Array(_)) => {}
        }
        self.count += 1;
        Ok(())
    }

    fn end(self) -> Bound<'py, PyAny> {
        match self.made {
            Made::List(list) => list.into_any(),
            Made::Dict(dict) => dict.into_any(),
        }
    }
}

/// Makes an object anew, with all that is in it.
fn own<'py>(py: Python<'py>, objects: &[Object], root: usize) -> PyResult<Bound<'py, PyAny>> {
    let mut open = vec![Making::begin(py, &objects[root])];
    let mut last = None;
    while let Some(top) = open.last_mut() {
        match top.next_part() {
            Some(Plain::Object(index)) => {
                let inner = Making::begin(py, &objects[*index]);
                open.push(inner);
            }
            Some(part) => top.take(scalar(py, part)?)?,
            None => {
                let Some(made) = open.pop().map(Making::end) else { break };
                match open.last_mut() {
                    Some(whole) => whole.take(made)?,
                    None => last = Some(made),
                }
            }
        }
    }
    Ok(last.unwrap_or_else(|| py.None().into_bound(py)))
}

fn scalar<'py>(py: Python<'py>, plain: &Plain) -> PyResult<Bound<'py, PyAny>> {
    Ok(match plain {
        Plain::Empty | Plain::Object(_) => py.None().into_bound(py),
        Plain::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Plain::Int(number) => number.into_pyobject(py)?.into_any(),
        Plain::Float(number) => PyFloat::new(py, *number).into_any(),
        Plain::String(text) => PyString::new(py, text).into_any(),
        Plain::Function(name) => function_type(py)?.call1((name,))?,
        Plain::Url(text) => url_type(py)?.call1((text,))?,
    })
}

static FUNCTION: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static URL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn function_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    FUNCTION.import(py, "machine_dialect_vm._values", "Function")
}

fn url_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    URL.import(py, "machine_dialect_vm._values", "Url")
}

// --- From Python to the machine --------------------------------------------------------------------------------------

impl Parcel {
    /// The value that a plain one stands for. What is shared in the parcel is shared in the machine.
    pub(super) fn values(&self) -> Vec<Value> {
        let mut made: Vec<Value> = Vec::with_capacity(self.objects.len());
        for object in &self.objects {
            let value = match object {
                Object::Array(parts) => {
                    Value::array(parts.iter().map(|part| to_value(&made, part)).collect::<Vec<_>>())
                }
                Object::Dict(entries) => {
                    Value::dict(entries.iter().map(|(key, part)| (key.as_str(), to_value(&made, part))))
                }
            };
            made.push(value);
        }
        made
    }
}

/// The value that a plain one stands for, where `made` are those of the parcel's objects.
pub(super) fn to_value(made: &[Value], plain: &Plain) -> Value {
    match plain {
        Plain::Empty => Value::Empty,
        Plain::Bool(value) => Value::Bool(*value),
        Plain::Int(number) => Value::Int(*number),
        Plain::Float(number) => Value::Float(*number),
        Plain::String(text) => Value::string(text.as_str()),
        Plain::Function(name) => Value::function(name.as_str()),
        Plain::Url(text) => Value::url(text.as_str()),
        Plain::Object(index) => made[*index].clone(),
    }
}

/// Reads values of Python into a parcel.
pub(super) struct Reader<'py> {
    parcel: Parcel,
    /// Lists, tuples and dicts by their address: where each was packed, or nothing while it is being read. They are kept
    /// alive, so that no other object gets their address.
    met: HashMap<usize, (Bound<'py, PyAny>, Option<usize>), RandomState>,
}

/// A list, a tuple or a dict that is being read.
struct Reading<'py> {
    source: Bound<'py, PyAny>,
    /// The parts that are still to be read, those of a dict with their keys.
    parts: std::vec::IntoIter<(Option<String>, Bound<'py, PyAny>)>,
    object: Object,
}

impl<'py> Reader<'py> {
    pub(super) fn new() -> Self {
        Self { parcel: Parcel::default(), met: HashMap::default() }
    }

    pub(super) fn finish(self) -> Parcel {
        self.parcel
    }

    /// Reads a value; `place` is what errors call it.
    pub(super) fn read(&mut self, value: &Bound<'py, PyAny>, place: &str) -> PyResult<Plain> {
        let mut open: Vec<Reading<'py>> = Vec::new();
        let mut next = value.clone();
        loop {
            // Down, to a value that has no parts, or whose parts were read.
            let mut read = loop {
                match self.begin(&next, place, &open)? {
                    Begun::Read(plain) => break plain,
                    Begun::Whole(reading) => open.push(reading),
                }
                match open.last_mut().and_then(Reading::next_part) {
                    Some(part) => next = part,
                    None => break self.close(open.pop()),
                }
            };
            // Up, to a whole that has another part.
            loop {
                let Some(whole) = open.last_mut() else { return Ok(read) };
                whole.take(read);
                if let Some(part) = whole.next_part() {
                    next = part;
                    break;
                }
                read = self.close(open.pop());
            }
        }
    }

    fn begin(
        &mut self,
        value: &Bound<'py, PyAny>,
        place: &str,
        open: &[Reading<'py>],
    ) -> PyResult<Begun<'py>> {
        let py = value.py();
        let place = || open.iter().fold(place.to_owned(), |place, whole| place + &whole.place());
        let plain = if value.is_none() {
            Plain::Empty
        } else if let Ok(value) = value.cast::<PyBool>() {
            Plain::Bool(value.is_true())
        } else if value.is_instance_of::<PyInt>() {
            Plain::Int(read_int(value, &place)?)
        } else if let Ok(number) = value.cast::<PyFloat>() {
            Plain::Float(number.value())
        } else if let Ok(text) = value.cast::<PyString>() {
            let is_url = value.is_instance(url_type(py)?)?;
            let text = read_text(text, &place)?;
            if is_url { Plain::Url(text) } else { Plain::String(text) }
        } else if value.is_instance_of::<PyList>()
            || value.is_instance_of::<PyTuple>()
            || value.is_instance_of::<PyDict>()
        {
            return self.begin_whole(value, &place);
        } else if value.is_instance(function_type(py)?)? {
            let name = value.getattr(intern!(py, "name"))?;
            Plain::Function(read_text(name.cast::<PyString>()?, &place)?)
        } else if value.hasattr(intern!(py, "__index__"))? {
            // Such as an int of NumPy.
            Plain::Int(read_int(value, &place)?)
        } else {
            let kind = value.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!(
                "{} is of type {kind}, which is no value: a value is None, bool, int, float, str, list, tuple, dict, Url or \
                 Function",
                place()
            )));
        };
        Ok(Begun::Read(plain))
    }

    fn begin_whole(&mut self, whole: &Bound<'py, PyAny>, place: &dyn Fn() -> String) -> PyResult<Begun<'py>> {
        let address = whole.as_ptr() as usize;
        match self.met.entry(address) {
            Entry::Occupied(met) => {
                return match met.get() {
                    (_, Some(index)) => Ok(Begun::Read(Plain::Object(*index))),
                    (_, None) => Err(PyValueError::new_err(format!(
                        "{} is a {} that contains itself, which no value can",
                        place(),
                        whole.get_type().name()?
                    ))),
                };
            }
            Entry::Vacant(new) => {
                new.insert((whole.clone(), None));
            }
        }
        let (parts, object): (Vec<_>, _) = if let Ok(dict) = whole.cast::<PyDict>() {
            let entry = |(key, value): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
                let Ok(text) = key.cast::<PyString>() else {
                    return Err(PyTypeError::new_err(format!(
                        "{} has the key {}; the keys of a dict are strings",
                        place(),
                        key.repr()?
                    )));
                };
                Ok((Some(read_text(text, &|| format!("a key of {}", place()))?), value))
            };
            (dict.iter().map(entry).collect::<PyResult<_>>()?, Object::Dict(Vec::with_capacity(dict.len())))
        } else {
            let parts: Vec<_> = whole.try_iter()?.map(|part| Ok((None, part?))).collect::<PyResult<_>>()?;
            let count = parts.len();
            (parts, Object::Array(Vec::with_capacity(count)))
        };
        Ok(Begun::Whole(Reading { source: whole.clone(), parts: parts.into_iter(), object }))
    }

    fn close(&mut self, reading: Option<Reading<'py>>) -> Plain {
        let Some(Reading { source, object, .. }) = reading else { return Plain::Empty };
        let index = self.parcel.objects.len();
        self.parcel.objects.push(object);
        self.met.insert(source.as_ptr() as usize, (source, Some(index)));
        Plain::Object(index)
    }
}

enum Begun<'py> {
    /// It has no parts, or was met before.
    Read(Plain),
    /// Its parts follow.
    Whole(Reading<'py>),
}

impl<'py> Reading<'py> {
    fn next_part(&mut self) -> Option<Bound<'py, PyAny>> {
        let (key, part) = self.parts.next()?;
        match (&mut self.object, key) {
            // The value follows, as soon as it is read.
            (Object::Dict(entries), Some(key)) => entries.push((key, Plain::Empty)),
            (Object::Array(parts), _) => parts.push(Plain::Empty),
            (Object::Dict(_), None) => {}
        }
        Some(part)
    }

    fn take(&mut self, part: Plain) {
        let place = match &mut self.object {
            Object::Array(parts) => parts.last_mut(),
            Object::Dict(entries) => entries.last_mut().map(|(_, value)| value),
        };
        if let Some(place) = place {
            *place = part;
        }
    }

    /// Where the part stands that is being read, as Python writes it.
    fn place(&self) -> String {
        match &self.object {
            Object::Array(parts) => format!("[{}]", parts.len().saturating_sub(1)),
            Object::Dict(entries) => format!("[{:?}]", entries.last().map_or("", |(key, _)| key)),
        }
    }
}

fn read_int(value: &Bound<'_, PyAny>, place: &dyn Fn() -> String) -> PyResult<i64> {
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            PyOverflowError::new_err(format!("{} is {value}, which does not fit an int of 64 bits", place()))
        } else {
            error
        }
    })
}

fn read_text(text: &Bound<'_, PyString>, place: &dyn Fn() -> String) -> PyResult<String> {
    text.to_str().map(str::to_owned).map_err(|_| {
        PyValueError::new_err(format!(
            "{} is no text: it has a surrogate, which UTF-8 cannot encode",
            place()
        ))
    })
}
