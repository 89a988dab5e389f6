//! `tidegate user`: who may use the console, for whoever has the machine: the first admin, and a password that was
//! forgotten.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::desk::{Desk, ReviewerArg};
use super::shown::{Form, cell, json_line, table};
use super::{ConfigArg, output};
use crate::console::{Role, hash_password};
use crate::people::review::user_name;
use crate::people::shapes::time;
use crate::store::{MOST_USERS, TokenRow, UserChange, UserRow};

/// Who may use the console.
#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a user; the password is read from standard input.
    Add(AddArgs),
    /// List users.
    List(ListArgs),
    /// Change a user, and sign them and their programs out everywhere.
    Change(ChangeArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleArg {
    /// Sees figures and decisions, and no text.
    Viewer,
    /// Reads texts and judges.
    Reviewer,
    /// Works on policies.
    Editor,
    /// Everything.
    Admin,
}

impl RoleArg {
    const fn role(self) -> Role {
        match self {
            Self::Viewer => Role::Viewer,
            Self::Reviewer => Role::Reviewer,
            Self::Editor => Role::Editor,
            Self::Admin => Role::Admin,
        }
    }
}

/// Flags of `user add`.
#[derive(Debug, Args)]
struct AddArgs {
    /// The name.
    name: String,
    /// What the user may do.
    #[arg(long, value_enum, default_value = "viewer")]
    role: RoleArg,
    #[command(flatten)]
    by: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

/// Flags of `user list`.
#[derive(Debug, Args)]
struct ListArgs {
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    config: ConfigArg,
}

/// Flags of `user change`.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// The name.
    name: String,
    /// Another role.
    #[arg(long, value_enum)]
    role: Option<RoleArg>,
    /// Another password, read from standard input.
    #[arg(long)]
    password: bool,
    /// The user may not sign in any more.
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// The user may sign in again.
    #[arg(long)]
    enable: bool,
    #[command(flatten)]
    by: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
}

pub(super) fn run(args: &UserArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        Command::Add(args) => add(args),
        Command::List(args) => list(args),
        Command::Change(args) => change(args),
    }
}

/// Who acts: where the machine has no name for its user, as in a container, the machine.
fn actor(by: &ReviewerArg) -> anyhow::Result<&str> {
    if by.said().is_some() { by.name() } else { Ok("machine") }
}

/// The hash of the password that stands on standard input, in a line.
fn read_password(name: &str) -> anyhow::Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        output::complain("the password, then Enter (it shows as you type):");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).context("the password cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "there is no password on standard input");
    Ok(hash_password(password, name)?)
}

fn add(args: &AddArgs) -> anyhow::Result<ExitCode> {
    let by = actor(&args.by)?;
    let name = user_name("name", &args.name)?;
    let desk = Desk::open(&args.config)?;
    let password = Some(read_password(&name)?);
    let (at, role) = (desk.now(), args.role.role().as_str().to_owned());
    let wanted = name.clone();
    let made = desk.act(by, move |connection, acting| {
        let id = (acting.id)();
        let user = UserRow { id, name: wanted, role, password, at, ..UserRow::default() };
        if !user.insert(connection)? {
            return Ok(false);
        }
        let detail = json!({ "name": user.name, "role": user.role, "by": "command" });
        acting.note(connection, ("add_user", &user.id), detail)?;
        Ok(true)
    })?;
    ensure!(made, "there is a user `{}` already, or there are {MOST_USERS}", cell(&name));
    output::say(&format!("{}: made\n", cell(&name)))?;
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(&args.config)?;
    let users = desk.read(|connection, _| UserRow::list(connection))?;
    match args.format {
        Form::Json => {
            let line = |user: &UserRow| {
                json_line(&json!({
                    "user": user.name,
                    "role": user.role,
                    "disabled": user.disabled,
                    "created_at": time(user.at),
                    "seen_at": user.seen.map(time),
                }))
            };
            output::say(&users.iter().map(line).collect::<String>())?;
        }
        Form::Table => {
            let cells = |user: &UserRow| {
                let stands = if user.disabled { "disabled" } else { "" };
                let seen = user.seen.map_or_else(|| "-".to_owned(), time);
                [user.name.clone(), user.role.clone(), stands.to_owned(), time(user.at), seen]
            };
            let rows: Vec<_> = users.iter().map(cells).collect();
            output::say(&table(["USER", "ROLE", "", "MADE", "SIGNED IN"], &rows))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn change(args: &ChangeArgs) -> anyhow::Result<ExitCode> {
    let by = actor(&args.by)?;
    let disabled = (args.disable || args.enable).then_some(args.disable);
    if args.role.is_none() && disabled.is_none() && !args.password {
        bail!("nothing is to be changed: `--role`, `--password`, `--disable` or `--enable`");
    }
    let desk = Desk::open(&args.config)?;
    let shown = cell(&args.name);
    let wanted = args.name.clone();
    let user = desk.read(move |connection, _| UserRow::named(connection, &wanted))?;
    let user = user.with_context(|| format!("there is no user `{shown}`"))?;
    let password = if args.password { Some((read_password(&user.name)?, false)) } else { None };
    let role = args.role.map(|role| role.role().as_str().to_owned());
    let detail = json!({
        "role": role,
        "disabled": disabled,
        "password": password.is_some(),
        "by": "command",
    });
    let change = UserChange { role, disabled, password };
    desk.act(by, move |connection, acting| {
        UserRow::change(connection, &user.id, &change, None)?;
        TokenRow::revoke_all(connection, &user.id, acting.now)?;
        acting.note(connection, ("change_user", &user.id), detail)
    })?;
    output::say(&format!("{shown}: changed, and signed out everywhere\n"))?;
    Ok(ExitCode::SUCCESS)
}
