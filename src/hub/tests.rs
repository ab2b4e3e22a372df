mod folders;
mod kept;
mod memory;
