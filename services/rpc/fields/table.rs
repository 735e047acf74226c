//! The limits of each field of each request, read from the contract's descriptors once.

use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
};
use rustc_hash::FxHashMap;

/// Limits where the contract says nothing else; `limits.proto` documents them.
const TEXT_BYTES: usize = 256;
const ENTRIES: usize = 100;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Text of at most so many bytes; with line ends, if `lines`.
    Text { most: usize, lines: bool },
    /// The message of this number in the table.
    Message(usize),
    /// Numbers, or rows, which are checked one by one where they are read.
    Other,
}

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) holds: Holds,
    /// Most entries of a list; none: it is no list.
    pub(super) entries: Option<usize>,
}

/// Every message that a request is made of.
#[derive(Debug, Default)]
pub(super) struct Table {
    messages: Vec<Vec<Field>>,
    /// Numbers of messages by full name.
    known: FxHashMap<String, usize>,
    /// Numbers of requests by name of the method.
    roots: FxHashMap<String, usize>,
}

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(crate::proto::FILE_DESCRIPTOR_SET)
        .expect("descriptor sets are made by the build");
    Table::new(&pool)
});

/// The options of `limits.proto`.
struct Options {
    bytes: ExtensionDescriptor,
    entries: ExtensionDescriptor,
    lines: ExtensionDescriptor,
    rows: ExtensionDescriptor,
}

impl Options {
    fn new(pool: &DescriptorPool) -> Self {
        let option = |name: &str| {
            let option = pool.get_extension_by_name(&format!("equity.v1.{name}"));
            option.expect("limits.proto is a part of the contract")
        };
        Self {
            bytes: option("max_bytes"),
            entries: option("max_entries"),
            lines: option("has_lines"),
            rows: option("holds_rows"),
        }
    }

    fn number(field: &FieldDescriptor, option: &ExtensionDescriptor) -> Option<usize> {
        let options = field.options();
        let set = options.has_extension(option).then(|| options.get_extension(option).as_i32());
        set.flatten().and_then(|number| usize::try_from(number).ok())
    }

    fn is_set(field: &FieldDescriptor, option: &ExtensionDescriptor) -> bool {
        field.options().get_extension(option).as_bool() == Some(true)
    }
}

impl Table {
    fn new(pool: &DescriptorPool) -> Self {
        let (mut table, options) = (Self::default(), Options::new(pool));
        for service in pool.services() {
            for method in service.methods() {
                let root = table.add(&options, &method.input());
                table.roots.insert(format!("{}/{}", service.full_name(), method.name()), root);
            }
        }
        table
    }

    /// The number of a message, which is added if it is new.
    fn add(&mut self, options: &Options, message: &MessageDescriptor) -> usize {
        if let Some(number) = self.known.get(message.full_name()) {
            return *number;
        }
        let number = self.messages.len();
        self.messages.push(Vec::new());
        self.known.insert(message.full_name().to_owned(), number);
        let fields = message.fields().map(|field| self.field(options, &field)).collect();
        self.messages[number] = fields;
        number
    }

    fn field(&mut self, options: &Options, field: &FieldDescriptor) -> Field {
        let holds = match field.kind() {
            Kind::String | Kind::Bytes => Holds::Text {
                most: Options::number(field, &options.bytes).unwrap_or(TEXT_BYTES),
                lines: Options::is_set(field, &options.lines),
            },
            Kind::Message(_) if Options::is_set(field, &options.rows) => Holds::Other,
            Kind::Message(inner) => Holds::Message(self.add(options, &inner)),
            Kind::Double
            | Kind::Float
            | Kind::Int32
            | Kind::Int64
            | Kind::Uint32
            | Kind::Uint64
            | Kind::Sint32
            | Kind::Sint64
            | Kind::Fixed32
            | Kind::Fixed64
            | Kind::Sfixed32
            | Kind::Sfixed64
            | Kind::Bool
            | Kind::Enum(_) => Holds::Other,
        };
        let most = || Options::number(field, &options.entries).unwrap_or(ENTRIES);
        let entries = (field.is_list() || field.is_map()).then(most);
        Field { number: field.number(), name: field.name().to_owned(), holds, entries }
    }

    /// The number of the request of a method.
    pub(super) fn root(&self, method: &str) -> Option<usize> {
        self.roots.get(method).copied()
    }

    /// The fields of a message.
    pub(super) fn fields(&self, message: usize) -> &[Field] {
        &self.messages[message]
    }
}
