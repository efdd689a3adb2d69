//! The month end on AWS: real binaries against a bucket that checks signatures and a Batch that runs real converters.

mod month_end;
mod steering;
mod sweep;
