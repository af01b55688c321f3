//! The binary: hands over to the library, whose answer is the exit status.

fn main() -> std::process::ExitCode {
    todoctl::cli::main()
}
