//! The events of one object. An expression that a closed event never evaluates does all the work,
//! so that what nobody wants costs nothing.

use core::cell::OnceCell;
use core::ffi::c_int;

use thalweg::{Hex, Text, event};

use crate::file::File;
use crate::object::Object;

/// An object, and its file once somebody wants to know.
pub(crate) struct Told<'o> {
    object: Object<'o>,
    file: OnceCell<File>,
    build_id: OnceCell<([Hex<u8>; LONGEST_ID], usize)>,
}

/// The longest build id that there is for us.
const LONGEST_ID: usize = 64;

impl<'o> Told<'o> {
    /// Nothing is looked at yet.
    pub(crate) fn new(object: Object<'o>) -> Self {
        Self {
            object,
            file: OnceCell::new(),
            build_id: OnceCell::new(),
        }
    }

    fn file(&self) -> &File {
        self.file.get_or_init(|| File::look(self.object.name()))
    }

    /// The build id, as a field has it; empty if there is none.
    fn build_id(&self) -> &[Hex<u8>] {
        let (bytes, len) = self.build_id.get_or_init(|| {
            let id = self.object.build_id().unwrap_or_default();
            let byte = |at| Hex(id.get(at).copied().unwrap_or_default());
            (core::array::from_fn(byte), id.len().min(LONGEST_ID))
        });
        &bytes[..*len]
    }

    fn begin(&self) -> Hex<u64> {
        Hex(self.object.span().0)
    }

    fn len(&self) -> u64 {
        self.object.span().1
    }

    fn has_build_id(&self) -> u8 {
        u8::from(!self.build_id().is_empty())
    }

    fn has_debug_link(&self) -> u8 {
        u8::from(self.file().debug_link().is_some())
    }

    /// It was opened.
    pub(crate) fn dlopen(&self, flags: c_int) {
        event!("lttng_ust_dl:dlopen", {
            baddr: Hex<u64> = self.begin(),
            memsz: u64 = self.len(),
            flags: Hex<i32> = Hex(flags),
            path: Text<'_> = Text(self.file().path()),
            has_build_id: u8 = self.has_build_id(),
            has_debug_link: u8 = self.has_debug_link(),
        });
        self.dl_build_id();
        self.dl_debug_link();
    }

    /// It was opened in a namespace.
    pub(crate) fn dlmopen(&self, namespace: i64, flags: c_int) {
        event!("lttng_ust_dl:dlmopen", {
            baddr: Hex<u64> = self.begin(),
            memsz: u64 = self.len(),
            nsid: i64 = namespace,
            flags: Hex<i32> = Hex(flags),
            path: Text<'_> = Text(self.file().path()),
            has_build_id: u8 = self.has_build_id(),
            has_debug_link: u8 = self.has_debug_link(),
        });
        self.dl_build_id();
        self.dl_debug_link();
    }

    fn dl_build_id(&self) {
        event!("lttng_ust_dl:build_id", {
            baddr: Hex<u64> = self.begin(),
            build_id: &[Hex<u8>] = match self.build_id() {
                [] => return,
                id => id,
            },
        });
    }

    fn dl_debug_link(&self) {
        event!("lttng_ust_dl:debug_link", {
            baddr: Hex<u64> = self.begin(),
            crc: u32 = match self.file().debug_link() {
                Some(link) => link.crc,
                None => return,
            },
            filename: Text<'_> = Text(self.file().debug_link().map_or(&[], |link| link.name())),
        });
    }

    /// It was loaded, by whomever.
    pub(crate) fn load(&self) {
        event!("lttng_ust_lib:load", {
            baddr: Hex<u64> = self.begin(),
            memsz: u64 = self.len(),
            path: Text<'_> = Text(self.file().path()),
            has_build_id: u8 = self.has_build_id(),
            has_debug_link: u8 = self.has_debug_link(),
        });
        event!("lttng_ust_lib:build_id", {
            baddr: Hex<u64> = self.begin(),
            build_id: &[Hex<u8>] = match self.build_id() {
                [] => return self.lib_debug_link(),
                id => id,
            },
        });
        self.lib_debug_link();
    }

    fn lib_debug_link(&self) {
        event!("lttng_ust_lib:debug_link", {
            baddr: Hex<u64> = self.begin(),
            crc: u32 = match self.file().debug_link() {
                Some(link) => link.crc,
                None => return,
            },
            filename: Text<'_> = Text(self.file().debug_link().map_or(&[], |link| link.name())),
        });
    }
}

/// A handle of an object that begins there is about to be closed.
pub(crate) fn dlclose(begin: u64) {
    event!("lttng_ust_dl:dlclose", { baddr: Hex<u64> = Hex(begin) });
}

/// The object that began there is gone.
pub(crate) fn unload(begin: u64) {
    event!("lttng_ust_lib:unload", { baddr: Hex<u64> = Hex(begin) });
}
