//! A loaded object, as its program headers in memory describe it.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;

use thalweg_helper::elf::{self, HEADER_LEN, SEGMENT_LEN, Segments};

/// What is mapped for certain from where an object begins.
const FIRST_PAGE: usize = 4096;

/// An object that stays loaded while we look at it.
#[derive(Clone, Copy)]
pub(crate) struct Object<'o> {
    /// What the dynamic linker added to its addresses.
    bias: usize,
    segments: Segments<'o>,
    name: &'o CStr,
}

/// The begin of the dynamic linker's `struct link_map`, which <link.h> makes public.
#[repr(C)]
struct LinkMap {
    bias: usize,
    name: *const c_char,
    dynamic: *const c_void,
}

/// <dlfcn.h>
const RTLD_DI_LINKMAP: c_int = 2;

impl<'o> Object<'o> {
    /// An object of a traversal.
    ///
    /// # Safety
    /// The dynamic linker filled `info`, and does not unload the object during `'o`.
    pub(crate) unsafe fn of_info(info: *const libc::dl_phdr_info) -> Self {
        // SAFETY: by the promise of the caller.
        let info = unsafe { &*info };
        let len = usize::from(info.dlpi_phnum) * SEGMENT_LEN;
        let bytes: &[u8] = if info.dlpi_phdr.is_null() {
            &[]
        } else {
            // SAFETY: the linker keeps the table of its program headers with the object.
            unsafe { core::slice::from_raw_parts(info.dlpi_phdr.cast(), len) }
        };
        Self {
            bias: info.dlpi_addr as usize,
            segments: Segments::new(bytes),
            // SAFETY: the linker's string, which lives as long as the object.
            name: unsafe { text(info.dlpi_name) },
        }
    }

    /// The object of a handle; `None` if it is none, or too strange an object.
    ///
    /// # Safety
    /// `handle` is what `dlopen` gave, and is not closed during `'o`.
    pub(crate) unsafe fn of_handle(handle: *mut c_void) -> Option<Self> {
        let mut map: *const LinkMap = ptr::null();
        // SAFETY: the place is for one pointer, as the request wants it.
        let status = unsafe { libc::dlinfo(handle, RTLD_DI_LINKMAP, (&raw mut map).cast()) };
        if status != 0 {
            return None;
        }
        // SAFETY: null, or the linker's own entry, which lives as long as the object.
        let map = unsafe { map.as_ref() }?;
        Some(Self {
            bias: map.bias,
            // SAFETY: the object stays loaded.
            segments: unsafe { segments_at(map.dynamic) }?,
            // SAFETY: the linker's string, which lives as long as the object.
            name: unsafe { text(map.name) },
        })
    }

    /// The object that an address lies in.
    ///
    /// # Safety
    /// That object is not unloaded during `'o`.
    pub(crate) unsafe fn of_address(address: *const c_void) -> Option<Self> {
        // SAFETY: the object stays loaded.
        let segments = unsafe { segments_at(address) }?;
        let (begin, _) = segments.span()?;
        let base = base_of(address)?;
        Some(Self {
            bias: base.addr().wrapping_sub(begin as usize & !(FIRST_PAGE - 1)),
            segments,
            name: c"",
        })
    }

    /// Its name as the dynamic linker has it; empty for the executable.
    pub(crate) fn name(&self) -> &'o CStr {
        self.name
    }

    /// What was added to its addresses: 0 for an executable with a fixed place.
    pub(crate) fn bias(&self) -> usize {
        self.bias
    }

    /// Where it begins, and its bytes.
    pub(crate) fn span(&self) -> (u64, u64) {
        let (begin, end) = self.segments.span().unwrap_or_default();
        ((self.bias as u64).wrapping_add(begin), end - begin)
    }

    /// The code around an address: from there to the end of its segment.
    pub(crate) fn code_from(&self, address: usize) -> Option<&'o [u8]> {
        let relative = address.wrapping_sub(self.bias) as u64;
        let code = self.segments.find_code(relative)?;
        let len = code
            .address
            .checked_add(code.file_len())?
            .checked_sub(relative)?;
        let start = ptr::with_exposed_provenance::<u8>(address);
        // SAFETY: loaded code, which the program itself is about to go on with.
        Some(unsafe { core::slice::from_raw_parts(start, usize::try_from(len).ok()?) })
    }

    /// Its build id, from its notes in memory.
    pub(crate) fn build_id(&self) -> Option<&'o [u8]> {
        self.segments.notes().find_map(|note| {
            let start = self.bias.wrapping_add(note.address as usize);
            let start = ptr::with_exposed_provenance::<u8>(start);
            // SAFETY: the note lies in the file's part of a loaded segment that can be read.
            let bytes = unsafe { core::slice::from_raw_parts(start, note.len as usize) };
            elf::build_id(bytes, note.alignment)
        })
    }
}

/// The linker's string; empty where there is none.
///
/// # Safety
/// `text` is null or a C string that stays as it is during `'o`.
unsafe fn text<'o>(text: *const c_char) -> &'o CStr {
    if text.is_null() {
        return c"";
    }
    // SAFETY: by the promise of the caller.
    unsafe { CStr::from_ptr(text) }
}

/// Where the object of an address was mapped.
fn base_of(address: *const c_void) -> Option<*const u8> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: the place is for one; any address may be asked for.
    if unsafe { libc::dladdr(address, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: filled, as the call succeeded.
    let info = unsafe { info.assume_init() };
    Some(info.dli_fbase.cast::<u8>().cast_const()).filter(|base| !base.is_null())
}

/// The program headers of the object of an address, in any namespace of the dynamic linker.
///
/// # Safety
/// That object is not unloaded during `'o`.
unsafe fn segments_at<'o>(address: *const c_void) -> Option<Segments<'o>> {
    let base = base_of(address)?;
    // SAFETY: an object's first page is mapped and holds its header, whole: it is page-aligned.
    let header = unsafe { &*base.cast::<[u8; HEADER_LEN]>() };
    let (offset, count) = elf::program_headers(header, FIRST_PAGE)?;
    // SAFETY: in the same page.
    let start = unsafe { base.add(offset) };
    // SAFETY: as above: `program_headers` has found that they end there.
    let bytes = unsafe { core::slice::from_raw_parts(start, count * SEGMENT_LEN) };
    Some(Segments::new(bytes))
}
