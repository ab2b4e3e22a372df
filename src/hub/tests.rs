mod appending;
mod folders;
mod house;
mod kept;
mod memory;
mod reading;
