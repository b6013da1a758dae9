//! Values as a table of what they are made of, and back: what several places share is in it once. Nothing recurses.

use std::collections::HashMap;

use super::{Array, Dict, Str, Value};

/// A value, as a state shows it (`values` of `spec/state.yaml`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Item {
    Empty,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A string of the constant pool.
    Constant(u64),
    /// An object of the table.
    Object(u64),
}

/// An object of the table (`objects` of `spec/state.yaml`).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Object {
    String(String),
    Array(Vec<Item>),
    Dict(Vec<(Item, Item)>),
    Url(String),
    Function(String),
}

/// Makes a table of values, each object behind those that it refers to.
pub(crate) struct Saver<'a> {
    /// The number of the pool that holds the constants.
    pool: u32,
    /// The first constant of each text.
    constants: HashMap<&'a str, u64>,
    /// By address.
    saved: HashMap<usize, u64>,
    urls: HashMap<String, u64>,
    functions: HashMap<String, u64>,
    pub(crate) objects: Vec<Object>,
    /// What the objects cost.
    pub(crate) cost: u64,
}

/// A container that is being saved.
enum Open<'v> {
    Array(&'v Array, Vec<Item>),
    /// With the position behind the entries that are done, and the key of the one that is not.
    Dict(&'v Dict, usize, Option<Item>, Vec<(Item, Item)>),
}

impl<'a> Saver<'a> {
    /// For the values of a run, whose strings of the pool of that number are those constants.
    pub(crate) fn new(constants: &'a [Value], pool: u32) -> Self {
        let mut first = HashMap::new();
        for (index, constant) in (0..).zip(constants) {
            if let Value::String(text) = constant {
                first.entry(text.as_str()).or_insert(index);
            }
        }
        Self {
            pool,
            constants: first,
            saved: HashMap::new(),
            urls: HashMap::new(),
            functions: HashMap::new(),
            objects: Vec::new(),
            cost: 0,
        }
    }

    /// The value, with what it refers to in the table.
    pub(crate) fn save(&mut self, value: &Value) -> Item {
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut done = self.begin(value, &mut open);
        loop {
            let Some(container) = open.last_mut() else { return done.unwrap_or(Item::Empty) };
            let next = match container {
                Open::Array(array, items) => {
                    items.extend(done.take());
                    if array.values().is_empty() {
                        items.extend(array.iter().map(|scalar| self.scalar(&scalar)));
                    }
                    array.values().get(items.len())
                }
                Open::Dict(dict, position, key, entries) => {
                    entries.extend(key.take().zip(done.take()));
                    dict.next_entry(*position).map(|(behind, name, value)| {
                        *position = behind;
                        *key = Some(self.string(name));
                        value
                    })
                }
            };
            if let Some(part) = next {
                done = self.begin(part, &mut open);
            } else {
                done = open.pop().map(|container| self.close(container));
            }
        }
    }

    /// The value, unless it is a container that is not in the table yet; that is opened.
    fn begin<'v>(&mut self, value: &'v Value, open: &mut Vec<Open<'v>>) -> Option<Item> {
        let address = match value {
            Value::Array(array) => array.address(),
            Value::Dict(dict) => dict.address(),
            Value::Empty
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::String(_)
            | Value::Function(_)
            | Value::Url(_) => return Some(self.scalar(value)),
        };
        if let Some(place) = self.saved.get(&address) {
            return Some(Item::Object(*place));
        }
        if let Value::Array(array) = value {
            open.push(Open::Array(array, Vec::with_capacity(array.len())));
        } else if let Value::Dict(dict) = value {
            open.push(Open::Dict(dict, 0, None, Vec::with_capacity(dict.len())));
        }
        None
    }

    fn close(&mut self, container: Open<'_>) -> Item {
        match container {
            Open::Array(array, items) => {
                self.add(array.address(), Array::cost(array.len()), Object::Array(items))
            }
            Open::Dict(dict, _, _, entries) => self.add(dict.address(), dict.cost(), Object::Dict(entries)),
        }
    }

    /// What is no container.
    fn scalar(&mut self, value: &Value) -> Item {
        match value {
            Value::Bool(value) => Item::Bool(*value),
            Value::Int(number) => Item::Int(*number),
            Value::Float(number) => Item::Float(*number),
            Value::String(text) => self.string(text),
            Value::Function(name) => {
                text_object(&mut self.functions, &mut self.objects, name, Object::Function)
            }
            Value::Url(text) => text_object(&mut self.urls, &mut self.objects, text, Object::Url),
            Value::Empty | Value::Array(_) | Value::Dict(_) => Item::Empty,
        }
    }

    fn string(&mut self, text: &Str) -> Item {
        if text.is_pooled(self.pool)
            && let Some(constant) = self.constants.get(text.as_str())
        {
            return Item::Constant(*constant);
        }
        let address = text.address();
        match self.saved.get(&address) {
            Some(place) => Item::Object(*place),
            None => {
                self.add(address, Str::cost(text.as_str().len()), Object::String(text.as_str().to_owned()))
            }
        }
    }

    fn add(&mut self, address: usize, cost: u64, object: Object) -> Item {
        let place = self.objects.len() as u64;
        self.saved.insert(address, place);
        self.cost += cost;
        self.objects.push(object);
        Item::Object(place)
    }
}

/// An object that costs nothing and stands for all that have its text.
fn text_object(
    known: &mut HashMap<String, u64>,
    objects: &mut Vec<Object>,
    text: &str,
    make: impl FnOnce(String) -> Object,
) -> Item {
    let place = *known.entry(text.to_owned()).or_insert_with(|| {
        objects.push(make(text.to_owned()));
        objects.len() as u64 - 1
    });
    Item::Object(place)
}

/// Makes values of a table. What they cost is counted from here on.
pub(crate) struct Loader<'a> {
    constants: &'a [Value],
    made: Vec<Value>,
    is_used: Vec<bool>,
    /// What the objects cost.
    pub(crate) cost: u64,
}

impl<'a> Loader<'a> {
    /// Makes the objects of a table.
    ///
    /// # Errors
    /// Gives the place of the first object that is wrong, and what is wrong with it.
    pub(crate) fn new(objects: &[Object], constants: &'a [Value]) -> Result<Self, (u64, String)> {
        let mut loader = Self { constants, made: Vec::new(), is_used: vec![false; objects.len()], cost: 0 };
        for (place, object) in (0..).zip(objects) {
            let (value, cost) = loader.make(object).map_err(|problem| (place, problem))?;
            loader.made.push(value);
            loader.cost += cost;
        }
        Ok(loader)
    }

    fn make(&mut self, object: &Object) -> Result<(Value, u64), String> {
        Ok(match object {
            Object::String(text) => (Value::string(text.as_str()), Str::cost(text.len())),
            Object::Url(text) => (Value::url(text.as_str()), 0),
            Object::Function(name) => (Value::function(name.as_str()), 0),
            Object::Array(items) => {
                let parts = items.iter().map(|item| self.load(*item)).collect::<Result<Vec<_>, _>>()?;
                (Value::array(parts), Array::cost(items.len()))
            }
            Object::Dict(entries) => {
                let mut dict = Dict::new();
                for (place, (key, value)) in entries.iter().enumerate() {
                    let Value::String(key) = self.load(*key)? else {
                        return Err(format!("the key of entry {place} is no string"));
                    };
                    let value = self.load(*value)?;
                    dict.make_unshared().set(key, value);
                    if dict.len() <= place {
                        return Err(format!("the key of entry {place} comes twice"));
                    }
                }
                let cost = dict.cost();
                (Value::Dict(dict), cost)
            }
        })
    }

    /// The value that an item stands for.
    ///
    /// # Errors
    /// Says what it refers to that is not there.
    pub(crate) fn load(&mut self, item: Item) -> Result<Value, String> {
        Ok(match item {
            Item::Empty => Value::Empty,
            Item::Bool(value) => Value::Bool(value),
            Item::Int(number) => Value::Int(number),
            Item::Float(number) => Value::Float(number),
            Item::Constant(index) => {
                match usize::try_from(index).ok().and_then(|index| self.constants.get(index)) {
                    Some(constant @ Value::String(_)) => constant.clone(),
                    _ => return Err(format!("constant {index} is no string of the pool")),
                }
            }
            Item::Object(place) => {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let Some(value) = self.made.get(place) else {
                    let known = self.made.len();
                    return Err(format!("it refers to object {place}, and there are {known} before it"));
                };
                self.is_used[place] = true;
                value.clone()
            }
        })
    }

    /// The first object that nothing refers to.
    pub(crate) fn unused(&self) -> Option<usize> {
        self.is_used.iter().position(|is_used| !is_used)
    }
}
