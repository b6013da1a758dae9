//! Bytes to source map. Nothing is believed: counts are held against the bytes that are left before anything is allocated.

use super::{MappedFunction, MappedVariable, Run, SourceMap, SourceMapError, hash};
use crate::language::source::Place;
use crate::values::source_map as layout;

type Decode<T> = Result<T, SourceMapError>;

impl SourceMap {
    /// Decodes the map of a module, given as its file.
    ///
    /// # Errors
    /// Gives the first reason why it is no map of that module. What is in the sections behind the known ones is not looked at.
    pub fn decode(bytes: &[u8], module: &[u8]) -> Decode<Self> {
        let mut reader = Reader { bytes, at: 0 };
        if !bytes.starts_with(layout::MAGIC) {
            return Err(SourceMapError::NotAMap);
        }
        reader.take(layout::MAGIC.len())?;
        let version = reader.word()?;
        if version != layout::VERSION {
            return Err(SourceMapError::UnknownVersion(version));
        }
        let length = layout::MODULE_HASH_BYTES as usize;
        if reader.take(length)? != &hash(module)[..length] {
            return Err(SourceMapError::OtherModule);
        }
        if reader.word()? < layout::SECTIONS {
            return Err(reader.damaged());
        }
        let mut map = Self {
            name: String::new(),
            text: None,
            text_hash: [0; 32],
            functions: Vec::new(),
            runs: Vec::new(),
            variables: Vec::new(),
        };
        map.read_source(&mut reader.section()?)?;
        map.read_functions(&mut reader.section()?)?;
        map.read_lines(&mut reader.section()?)?;
        map.read_variables(&mut reader.section()?)?;
        Ok(map)
    }

    fn read_source(&mut self, reader: &mut Reader<'_>) -> Decode<()> {
        self.name = reader.text()?;
        let expected = reader.take(self.text_hash.len())?;
        self.text_hash.copy_from_slice(expected);
        if reader.take(1)? != [0] {
            let text = reader.text()?;
            if hash(text.as_bytes()) != self.text_hash {
                return Err(reader.damaged());
            }
            self.text = Some(text);
        }
        Ok(())
    }

    fn read_functions(&mut self, reader: &mut Reader<'_>) -> Decode<()> {
        let mut before = 0;
        for _ in 0..reader.count()? {
            let name = reader.text()?;
            let line = reader.small()?;
            let begin = reader.sum(before)?;
            let end = reader.sum(begin)?;
            before = end;
            let count = reader.count()?;
            let inputs = (0..count).map(|_| reader.text()).collect::<Decode<_>>()?;
            self.functions.push(MappedFunction { name, line, begin, end, inputs });
        }
        Ok(())
    }

    fn read_lines(&mut self, reader: &mut Reader<'_>) -> Decode<()> {
        let (mut begin, mut line, mut column) = (0_u32, 0, 0);
        for number in 0..reader.count()? {
            let step = reader.number()?;
            let delta = u32::try_from(step >> 1).ok().filter(|delta| number == 0 || *delta > 0);
            begin = delta.and_then(|delta| begin.checked_add(delta)).ok_or_else(|| reader.damaged())?;
            let place = if step & 1 == 0 {
                None
            } else {
                line = reader.moved(line)?;
                column = reader.moved(column)?;
                Some(Place { line, column })
            };
            self.runs.push(Run { begin, place });
        }
        Ok(())
    }

    fn read_variables(&mut self, reader: &mut Reader<'_>) -> Decode<()> {
        let mut function = 0;
        for _ in 0..reader.count()? {
            function = reader.sum(function)?;
            if function as usize >= self.functions.len() {
                return Err(reader.damaged());
            }
            let register = match reader.number()? {
                0 => None,
                more => Some(u8::try_from(more - 1).map_err(|_| reader.damaged())?),
            };
            let (name, declared) = (reader.text()?, reader.text()?);
            self.variables.push(MappedVariable { function, register, name, declared });
        }
        Ok(())
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn damaged(&self) -> SourceMapError {
        SourceMapError::Damaged { offset: self.at }
    }

    fn take(&mut self, count: usize) -> Decode<&'a [u8]> {
        let end = self.at.checked_add(count).ok_or_else(|| self.damaged())?;
        let taken = self.bytes.get(self.at..end).ok_or_else(|| self.damaged())?;
        self.at = end;
        Ok(taken)
    }

    fn word(&mut self) -> Decode<u32> {
        let bytes = self.take(size_of::<u32>())?;
        bytes.try_into().map(u32::from_le_bytes).map_err(|_| self.damaged())
    }

    /// The next section: a reader that ends where it does. Offsets in it are those of the file.
    fn section(&mut self) -> Decode<Self> {
        let length = self.word()? as usize;
        let begin = self.at;
        self.take(length)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: begin })
    }

    fn number(&mut self) -> Decode<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                break;
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.damaged())
    }

    fn small(&mut self) -> Decode<u32> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.damaged())
    }

    /// A count of things that take a byte each at least.
    fn count(&mut self) -> Decode<usize> {
        let count = self.number()?;
        let left = self.bytes.len() - self.at;
        usize::try_from(count).ok().filter(|count| *count <= left).ok_or_else(|| self.damaged())
    }

    fn sum(&mut self, before: u32) -> Decode<u32> {
        let more = self.small()?;
        before.checked_add(more).ok_or_else(|| self.damaged())
    }

    /// A line or a column, moved from the one before.
    fn moved(&mut self, before: u32) -> Decode<u32> {
        let number = self.number()?;
        let delta = (number >> 1) as i64 ^ -((number & 1) as i64);
        let moved = i64::from(before).checked_add(delta).and_then(|moved| u32::try_from(moved).ok());
        moved.filter(|moved| *moved > 0).ok_or_else(|| self.damaged())
    }

    fn text(&mut self) -> Decode<String> {
        let length = self.count()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| self.damaged())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::compile;

    const PAGE: &str = "### Utility: `f`\n\n<details>\n\n> Give back `n` ^ _2_.\n\n</details>\n\n#### Inputs\n\n- `n` as Number\n\nDefine `r` as Number or Text.\nSet `r` using `f` with _3_.\nSay `r`.\n";

    fn encoded() -> (SourceMap, Vec<u8>, Vec<u8>) {
        let compiled = compile(PAGE, "dir/é.md").unwrap();
        let module = compiled.module.encode();
        let file = compiled.map.encode(&module);
        (compiled.map, file, module)
    }

    #[test]
    fn a_map_comes_back_as_it_was() {
        let (map, file, module) = encoded();
        assert!(file.len() >= 20);
        assert_eq!(SourceMap::decode(&file, &module), Ok(map.clone()));
        let bare = map.clone().without_text();
        let mut back = SourceMap::decode(&bare.encode(&module), &module).unwrap();
        assert_eq!(back, bare);
        assert!(!back.attach_text("Say _1_."));
        assert!(back.attach_text(PAGE));
        assert_eq!(back, map);
    }

    #[test]
    fn damage_is_an_error_and_nothing_worse() {
        let (_, file, module) = encoded();
        for length in 0..file.len() {
            assert!(SourceMap::decode(&file[..length], &module).is_err(), "{length}");
        }
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let mut damaged = file.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(0..damaged.len());
                damaged[at] = random.u8(..);
            }
            if let Ok(map) = SourceMap::decode(&damaged, &module) {
                // What is read can be asked and drawn.
                assert!(!map.draw("X", "x", 0..100, false).is_empty());
            }
            let noise: Vec<u8> =
                file[..20].iter().copied().chain((0..random.usize(..200)).map(|_| random.u8(..))).collect();
            let _ = SourceMap::decode(&noise, &module);
        }
        assert_eq!(SourceMap::decode(&file, b"other"), Err(SourceMapError::OtherModule));
        assert_eq!(SourceMap::decode(b"MDBC", &module), Err(SourceMapError::NotAMap));
    }
}
