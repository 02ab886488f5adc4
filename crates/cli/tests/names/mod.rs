//! Events of traces beside LTTng's: the tables, and the page that shows them.

mod needed;
mod page;
mod table;

pub(crate) use needed::NEEDED;
pub(crate) use page::Tables;
pub(crate) use table::Group;
