//! Runs the commands of pages that a reader can follow, and compares what comes with what the page says.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::{read, take_apart};

/// Pages whose console blocks are run from top to bottom, each page in a folder of its own.
const RUN: &[&str] = &["docs/quickstart.md", "docs/false-positives.md"];

/// How commands begin that need more than the binary, a shell and curl, and are not run.
const NOT_RUN: &[&str] = &["make ", "cargo ", "export ", "mkdir ../", "python3 "];

/// How commands begin that may be asked again until they say what they should: they change nothing.
const ASKED_AGAIN: &[&str] = &["curl ", "grep "];

/// How often, and after which pause each time: a reload takes seconds.
const TIMES: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// What ends the output of a command that is run.
const MARK: &str = "@@ done @@";

/// The commands of a console block, each with what comes of it.
fn session(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else {
            let (_, output) = commands.last_mut().unwrap();
            output.push_str(line);
            output.push('\n');
            continue;
        };
        let mut command = first.to_owned();
        while command.ends_with('\\') {
            command = format!("{command}\n{}", lines.next().unwrap());
        }
        if first.contains("<<'EOF'") {
            for line in lines.by_ref() {
                command = format!("{command}\n{line}");
                if line == "EOF" {
                    break;
                }
            }
        }
        commands.push((command, String::new()));
    }
    commands
}

/// A shell that is told one command after the other; what it has started ends with it.
struct Shell {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn start(folder: &Path, data: &str, admin: &str) -> Self {
        let binary = PathBuf::from(assert_cmd::cargo::cargo_bin!("tidegate"));
        let beside = binary.parent().unwrap().to_owned();
        let mut command = Command::new("sh");
        command.current_dir(folder).env("BESIDE", beside).env("NO_COLOR", "1");
        command.env("TIDEGATE_LISTEN", data).env("TIDEGATE_ADMIN__LISTEN", admin);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut shell = Self { process, output };
        shell.run("PATH=\"$BESIDE:$PATH\"; export PATH");
        shell
    }

    /// What a command writes to standard output, without the ends of lines behind it.
    fn run(&mut self, command: &str) -> String {
        let input = self.process.stdin.as_mut().unwrap();
        writeln!(input, "{command}\nprintf '\\n%s\\n' '{MARK}'").unwrap();
        input.flush().unwrap();
        let mut said = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "{command}: the shell ended");
            if line.trim_end() == MARK {
                return said.trim_end().to_owned();
            }
            said.push_str(&line);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // Without job control `$!` is all that a page starts; where it has ended already, that is well.
        if let Some(input) = self.process.stdin.as_mut() {
            writeln!(input, "[ -z \"$!\" ] || kill -9 $!\nexit").unwrap_or_default();
        }
        self.process.wait().map(|_| ()).unwrap_or_default();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn pages_that_can_be_followed_say_what_the_commands_say() {
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok();
    for page in RUN {
        let folder = tempfile::tempdir().unwrap();
        let (data, admin) = (free_address(), free_address());
        let here =
            |text: &str| text.replace("127.0.0.1:8080", &data).replace("127.0.0.1:9901", &admin);
        let mut shell = Shell::start(folder.path(), &data, &admin);
        let mut run = 0;
        let own = take_apart(&read(page));
        for block in own.blocks.iter().filter(|block| block.language == "console") {
            for (command, expected) in session(&block.text) {
                let needs_more = NOT_RUN.iter().any(|start| command.starts_with(start));
                let is_asked_again = ASKED_AGAIN.iter().any(|start| command.starts_with(start));
                if needs_more || (is_asked_again && !has_curl) {
                    continue;
                }
                let expected = here(expected.trim_end());
                let mut said = shell.run(&here(&command));
                for _ in 0..TIMES {
                    if !is_asked_again || said == expected {
                        break;
                    }
                    std::thread::sleep(PAUSE);
                    said = shell.run(&here(&command));
                }
                assert_eq!(said, expected, "{page}:{}: {command}", block.line);
                run += 1;
            }
        }
        assert!(run > 8, "{page}: {run} commands");
    }
}
