//! The declarations of `format.yaml`: the file format.

use serde::Deserialize;

/// `format.yaml`: the file format.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// The first four bytes of a module.
    pub magic: String,
    /// The version.
    pub version: u32,
    /// The flags.
    pub flags: u32,
    /// The name of the function where execution starts.
    pub entry_function: String,
    /// The fields of the header.
    pub header: Vec<HeaderField>,
    /// The sections, in decoding order.
    pub sections: Vec<Section>,
    /// How a string is encoded.
    pub string_layout: String,
    /// The constant tags.
    pub constants: Vec<ConstantEntry>,
    /// The limits of the format.
    pub limits: Vec<FormatLimit>,
    /// What a loader reads, as its errors call it.
    pub reads: Vec<String>,
    /// The order in which faults are looked for.
    pub fault_order: Vec<String>,
    /// The source map that stands beside a module.
    pub source_map: SourceMap,
}

/// The layout of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceMap {
    /// The extension of its file, with the period.
    pub extension: String,
    /// The first four bytes.
    pub magic: String,
    /// The version.
    pub version: u32,
    /// The fewest bytes that a file may have.
    pub least_bytes: u32,
    /// The fields of the header.
    pub header: Vec<HeaderField>,
    /// How fields are encoded.
    pub encodings: Vec<EncodingEntry>,
    /// The sections, in order.
    pub sections: Vec<MapSection>,
}

impl SourceMap {
    /// The size of the header in bytes.
    #[must_use]
    pub fn header_bytes(&self) -> u32 {
        self.header.iter().map(|field| field.bytes).sum()
    }

    /// How many bytes of the module's hash the header has.
    #[must_use]
    pub fn module_hash_bytes(&self) -> u32 {
        self.header.iter().filter(|field| field.name == "module_hash").map(|field| field.bytes).sum()
    }
}

/// One way to encode a field.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodingEntry {
    /// The name that fields use.
    pub name: String,
    /// The bytes.
    pub layout: String,
    /// What it is for.
    pub summary: String,
}

/// One section of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSection {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub summary: String,
    /// Its fields, in order.
    pub fields: Vec<MapField>,
}

/// One field of a section of a source map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapField {
    /// Its name.
    pub name: String,
    /// One of the encodings.
    pub encoding: String,
    /// What it holds.
    pub summary: String,
}

impl Format {
    /// The size of the header in bytes.
    #[must_use]
    pub fn header_bytes(&self) -> u32 {
        self.header.iter().map(|field| field.bytes).sum()
    }
}

/// One field of the header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderField {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u32,
    /// What it holds.
    pub summary: String,
}

/// One section of the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// How it is encoded.
    pub layout: String,
    /// The fewest bytes one of its entries can take, where it has a count.
    #[serde(default)]
    pub least: Option<u32>,
    /// What it holds.
    pub summary: String,
}

/// One kind of constant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantEntry {
    /// The tag byte.
    pub tag: u8,
    /// The type of the value.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The fewest bytes of the payload.
    pub bytes: u32,
    /// How the payload is encoded: a [`ConstantLayout`](super::ConstantLayout).
    pub layout: String,
}

/// One limit of the format.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormatLimit {
    /// What is limited.
    pub name: String,
    /// The greatest value allowed.
    pub value: u64,
    /// Why.
    pub reason: String,
}
