//! The command line: calls the verbs, prints, and turns failures into exit codes.
//!
//! 0 done, warnings allowed · 1 errors in the data, nothing written · 2 the call is wrong · 3 the environment.

use clap::Parser;
use gridweave::api;
use gridweave::city::export::ExportError;
use gridweave::city::import::{self, Prepared};
use gridweave::city::{City, Snapshot};
use gridweave::config::{Check, Cli, Demo, DemoScale, Export, Format, Import, Locate, Serve, Serving, Verb};
use gridweave::model::{Layer, Problem, Profile, Severity, World};
use gridweave::read::bundle::Bundle;
use gridweave::read::datum::{Crs, Datum};
use gridweave::read::{self, Reading, Source};
use gridweave::store::{Checkpoint, StoreError};
use gridweave::write::{Draft, WriteError};
use gridweave::{store, synth, write};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// A verb's failure: what to print, and with which code to exit.
struct Failure {
    message: String,
    code: u8,
}

const DATA: u8 = 1;
const CALL: u8 = 2;
const ENVIRONMENT: u8 = 3;

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }

    fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind::{IsADirectory, NotFound};
        let code = if matches!(error.kind(), IsADirectory | NotFound) { CALL } else { ENVIRONMENT };
        Self::new(code, format!("{}: {error}", path.display()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Io { path, error } => return Self::io(path, error),
            StoreError::Missing(_) | StoreError::Exists(_) => CALL,
            e if e.is_environment() => ENVIRONMENT,
            _ => DATA,
        };
        Self::new(code, error.to_string())
    }
}

type Outcome = Result<(), Failure>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(&cli);
    let outcome = match cli.verb {
        Verb::Demo(demo) => run_demo(&demo),
        Verb::Import(import) => run_import(&import),
        Verb::Check(check) => run_check(&check),
        Verb::Serve(serve) => run_serve(&serve),
        Verb::Locate(locate) => run_locate(&locate),
        Verb::Export(export) => run_export(&export),
        Verb::Openapi => run_openapi(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("gridweave: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

fn log_to_stderr(cli: &Cli) {
    let filter = tracing_subscriber::EnvFilter::new(&cli.log);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if cli.log_json { subscriber.json().init() } else { subscriber.init() }
}

fn run_demo(demo: &Demo) -> Outcome {
    let scale = match demo.scale {
        DemoScale::Compound => synth::Scale::Compound,
        DemoScale::District => synth::Scale::District,
        DemoScale::City => synth::Scale::City,
    };
    let bar = progress("making a city");
    let made = synth::generate(scale, demo.seed, &|done, all| tick(&bar, done, all));
    bar.finish_and_clear();
    let mut profile = preset(&made.name)?;
    profile.synthetic = true;
    let city = match &demo.into {
        Some(path) => City::create(path, &profile, &made.world, "synthetic district")?,
        None => City::in_memory(profile, made.world)?,
    };
    serve_city(city, &demo.serving)
}

fn run_import(call: &Import) -> Outcome {
    let source = Source::parse(&call.layer).ok_or_else(|| {
        let known = Layer::ALL.map(Layer::word).join(", ");
        Failure::new(CALL, format!("--as {}: no such layer; use osm, households, {known}", call.layer))
    })?;
    let crs = call.crs.as_deref().map(Crs::parse).transpose().map_err(|e| Failure::new(CALL, format!("--crs: {e}")))?;
    if let Some(crs) = &crs {
        Datum::new(crs.clone()).map_err(|e| Failure::new(CALL, format!("--crs: {e}")))?;
    }
    let map = call.map.iter().map(|pair| {
        let (field, column) =
            pair.split_once('=').ok_or_else(|| Failure::new(CALL, format!("--map {pair}: write FIELD=COLUMN")))?;
        Ok((field.to_owned(), column.to_owned()))
    });
    let mut options = read::Options {
        crs,
        map: map.collect::<Result<_, Failure>>()?,
        sheet: call.sheet.clone(),
        ..read::Options::default()
    };
    check_fields(source, &call.layer, &options.map)?;
    for file in &call.files {
        if std::fs::metadata(file).map_err(|e| Failure::io(file, &e))?.is_dir() {
            return Err(Failure::io(file, &std::io::ErrorKind::IsADirectory.into()));
        }
        apart(&call.into, &[file])?;
    }
    let read_and_written: Vec<&Path> = call.files.iter().chain([&call.into]).map(PathBuf::as_path).collect();
    call.problems.as_deref().map_or(Ok(()), |problems| apart(problems, &read_and_written))?;
    // Opened before anything is read: what it knows tells the datum of files that do not.
    let (city, before) = if !call.into.exists() {
        (None, None)
    } else if call.dry_run {
        (None, Some(Arc::new(Snapshot::read(&call.into)?)))
    } else {
        let city = City::open(&call.into)?;
        let snapshot = city.snapshot();
        (Some(city), Some(snapshot))
    };
    options.known = before.as_ref().and_then(|snapshot| snapshot.known());
    let mut reading = Reading::default();
    for bundle in Bundle::group(&call.files) {
        let bar = progress(&format!("reading {}", bundle.name));
        let mut one = read::read_bundle(&bundle, source, &options, &|done, all| tick(&bar, done, all));
        bar.finish_and_clear();
        for (what, n) in &one.counts {
            println!("{}: {n} {what}", bundle.name);
        }
        reading.features.append(&mut one.features);
        reading.rows.append(&mut one.rows);
        reading.households.append(&mut one.households);
        reading.problems.append(&mut one.problems);
    }
    let names: Vec<String> = call.files.iter().map(|f| f.display().to_string()).collect();
    let reason = format!("import {} as {}", names.join(", "), call.layer);
    let name = call.name.clone().or_else(|| call.into.file_stem().map(|s| s.to_string_lossy().into_owned()));
    let name = name.as_deref().unwrap_or("city");
    let (mut profile, mut prepared) = match &before {
        Some(snapshot) => (snapshot.profile.clone(), snapshot.prepare_import(reading, &reason, call.replace)),
        None => {
            let profile = preset(name)?;
            let prepared = import::prepare(&World::default(), &profile, reading, &reason, call.replace);
            (profile, prepared)
        }
    };
    prepared.credit(source, &mut profile);
    report(&prepared.problems, call.problems.as_deref())?;
    if prepared.has_errors() {
        return Err(Failure::new(DATA, "nothing was written: mend the errors above, or leave those features out"));
    }
    tell(&prepared);
    if call.dry_run {
        println!("dry run: nothing was written");
        return Ok(());
    }
    let city = match city {
        Some(city) => {
            if !prepared.change.edits.is_empty() {
                city.commit(&prepared.change)?;
            }
            city
        }
        None => City::create(&call.into, &profile, &prepared.world, &reason)?,
    };
    if city.checkpoint().ok() != Some(Checkpoint::Done) {
        println!(
            "safe in the journal, but {} cannot be written now (does another program hold it?): the next `import` or `serve` does it",
            call.into.display()
        );
    }
    let after = city.snapshot();
    let mut open: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for problem in after.check().into_iter().filter(|p| p.severity != Severity::Note) {
        *open.entry(problem.code).or_default() += 1;
    }
    if !open.is_empty() {
        let open: Vec<String> = open.into_iter().map(|(code, n)| format!("{n} {code}")).collect();
        println!(
            "worth a look in the city as it is now: {}; `gridweave check {}` names them",
            open.join(", "),
            call.into.display()
        );
    }
    Ok(())
}

/// Refuses a `--map` that speaks of a field which the layer does not have: the call is wrong, whatever the file holds.
fn check_fields(source: Source, word: &str, map: &[(String, String)]) -> Outcome {
    let Some((field, column)) = map.first() else { return Ok(()) };
    if source == Source::Osm {
        return Err(Failure::new(CALL, format!("--map {field}={column}: osm is read by its tags, not by columns")));
    }
    let known: Vec<&str> = source.fields().iter().map(|f| f.name).collect();
    let of_place = |field: &str| matches!(source, Source::Layer(_)) && read::PLACE_FIELDS.contains(&field);
    match map.iter().find(|(field, _)| !known.contains(&field.as_str()) && !of_place(field)) {
        None => Ok(()),
        Some((field, column)) => Err(Failure::new(
            CALL,
            format!("--map {field}={column}: {word} have no field `{field}`; use one of: {}", known.join(", ")),
        )),
    }
}

fn tell(prepared: &Prepared) {
    for (layer, t) in &prepared.tallies {
        let parts = [
            (t.added, "added"),
            (t.updated, "updated"),
            (t.unchanged, "unchanged"),
            (t.removed, "removed"),
            (t.derived, "household figures derived"),
        ];
        let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        println!("{layer}: {}", parts.join(", "));
    }
}

fn run_check(call: &Check) -> Outcome {
    call.problems.as_deref().map_or(Ok(()), |problems| apart(problems, &[&call.city]))?;
    let problems = Snapshot::read(&call.city)?.check();
    report(&problems, call.problems.as_deref())?;
    if problems.is_empty() {
        println!("nothing to complain of");
    }
    let errors = problems.iter().filter(|p| p.severity == Severity::Error).count();
    if errors > 0 {
        return Err(Failure::new(DATA, format!("{errors} errors")));
    }
    Ok(())
}

/// Refuses to write over what the same call reads: a slip of the hand must not cost a city.
fn apart(out: &Path, read: &[&Path]) -> Outcome {
    let Ok(written) = out.canonicalize() else { return Ok(()) };
    if read.iter().any(|path| path.canonicalize().is_ok_and(|path| path == written)) {
        return Err(Failure::new(
            CALL,
            format!("{}: would overwrite what this call reads; name another file", out.display()),
        ));
    }
    Ok(())
}

/// Prints the first problems of each kind and writes all of them where asked.
fn report(problems: &[Problem], to: Option<&Path>) -> Outcome {
    const SHOWN: usize = 10;
    let mut shown: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for problem in problems {
        let n = shown.entry(&problem.code).or_default();
        *n += 1;
        if *n <= SHOWN {
            eprintln!("{problem}");
        }
    }
    for (code, n) in shown.into_iter().filter(|(_, n)| *n > SHOWN) {
        let hint = if to.is_some() { "" } else { "; --problems FILE lists all" };
        eprintln!("{code}: {} more{hint}", n - SHOWN);
    }
    let Some(path) = to else { return Ok(()) };
    write::problems::write(path, problems).map_err(|error| {
        let code = if matches!(error, WriteError::TooManyRows { .. }) { CALL } else { ENVIRONMENT };
        Failure::new(code, format!("{}: {error}", path.display()))
    })
}

fn run_serve(call: &Serve) -> Outcome {
    serve_city(City::open(&call.city)?, &call.serving)
}

fn serve_city(city: City, serving: &Serving) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| Failure::new(ENVIRONMENT, e.to_string()))?;
    runtime.block_on(async {
        let addresses: Vec<std::net::SocketAddr> = tokio::net::lookup_host(&serving.listen)
            .await
            .map_err(|e| Failure::new(CALL, format!("--listen {}: {e}; write ADDRESS:PORT", serving.listen)))?
            .collect();
        if !serving.allow_remote && !addresses.iter().all(|a| a.ip().is_loopback()) {
            return Err(Failure::new(
                CALL,
                format!("--listen {}: other machines could reach the server, and there are no accounts yet; give --allow-remote if they should", serving.listen),
            ));
        }
        let listener = tokio::net::TcpListener::bind(&addresses[..])
            .await
            .map_err(|e| Failure::new(ENVIRONMENT, format!("{}: {e}; is another server there? --listen takes another port", serving.listen)))?;
        let address = listener.local_addr().map_err(|e| Failure::new(ENVIRONMENT, e.to_string()))?;
        let snapshot = city.snapshot();
        // The first viewer should not wait for what can be prepared now.
        std::thread::spawn(move || snapshot.warm());
        println!("Gridweave is listening on http://{address}");
        // Whoever reads this line through a pipe waits for it.
        let _ = std::io::stdout().flush();
        api::serve(api::App::new(city, serving.clone()), listener).await.map_err(|e| Failure::new(ENVIRONMENT, e.to_string()))
    })
}

fn run_locate(call: &Locate) -> Outcome {
    apart(&call.out, &[&call.city, &call.points])?;
    let snapshot = Snapshot::read(&call.city)?;
    if let Some(at) = &call.at {
        let moment: jiff::Timestamp = at
            .parse()
            .map_err(|_| Failure::new(CALL, format!("--at {at}: write a time such as 2026-11-22T08:00:00+08:00")))?;
        if moment < snapshot.since {
            return Err(Failure::new(
                DATA,
                format!("no plan in this file was in force at {at}: it holds the one since {}", snapshot.since),
            ));
        }
    }
    let crs = Crs::parse(call.crs.as_deref().unwrap_or(&snapshot.profile.crs))
        .map_err(|e| Failure::new(CALL, format!("--crs: {e}")))?;
    let datum = Datum::new(crs).map_err(|e| Failure::new(CALL, format!("--crs: {e}")))?;
    let table = std::fs::read(&call.points).map_err(|e| Failure::io(&call.points, &e))?;
    let answered = snapshot
        .locate_csv(&datum, &table)
        .map_err(|e| Failure::new(DATA, format!("{}: {e}", call.points.display())))?;
    std::fs::write(&call.out, answered).map_err(|e| Failure::new(ENVIRONMENT, format!("{}: {e}", call.out.display())))
}

fn run_export(call: &Export) -> Outcome {
    let wrong = |message: String| Failure::new(CALL, message);
    let layer = call.layer.as_deref();
    let layer = layer.map(|word| Layer::parse(word).ok_or_else(|| wrong(format!("--layer {word}: no such layer"))));
    let layer = layer.transpose()?;
    apart(&call.out, &[&call.city])?;
    if store::is_city_file(&call.out) {
        return Err(wrong(format!("{}: would overwrite a city; name another file", call.out.display())));
    }
    let named = call.out.extension().and_then(|extension| Format::of_extension(extension.to_str()?));
    let format = match (call.format, named) {
        (Some(format), Some(named)) if format != named => {
            return Err(wrong(format!(
                "{}: the name is one of {}, --format asks for {}; let them agree",
                call.out.display(),
                named.name(),
                format.name()
            )));
        }
        (format, named) => {
            format.or(named).ok_or_else(|| wrong("give --format, or a --out that ends in one".into()))?
        }
    };
    if layer.is_none() && format.holds_one_layer() {
        return Err(wrong(format!("{} holds one layer: give --layer", format.name())));
    }
    let layers = layer.map_or(Layer::ALL.to_vec(), |layer| vec![layer]);
    let to_stdout = call.out.as_os_str() == "-";
    if to_stdout && !format.is_text() {
        return Err(wrong(format!("{} is not for standard output: give --out a file", format.name())));
    }
    let snapshot = Snapshot::read(&call.city)?;
    let bar = progress(&format!("writing {}", call.out.display()));
    let advance = |done, all| {
        tick(&bar, done, all);
        Ok(())
    };
    let failed = |error: std::io::Error| Failure::new(ENVIRONMENT, format!("{}: {error}", call.out.display()));
    let told = |error: ExportError| match error {
        ExportError::Write(WriteError::Io(error)) => failed(error),
        ExportError::Store(error) => error.into(),
        other => wrong(format!("{}: {other}", call.out.display())),
    };
    if to_stdout {
        return match snapshot.export_to(&mut std::io::stdout(), format, &layers, &advance) {
            Err(ExportError::Write(WriteError::Io(error))) => written(Err(error)),
            other => other.map_err(told),
        };
    }
    let draft = Draft::of(&call.out).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidInput => wrong(format!("{}: {error}", call.out.display())),
        _ => failed(error),
    })?;
    snapshot.export(draft.path(), format, &layers, &advance).map_err(told)?;
    bar.finish_and_clear();
    draft.publish().map_err(failed)
}

fn run_openapi() -> Outcome {
    let json = api::openapi().to_pretty_json().map_err(|e| Failure::new(ENVIRONMENT, e.to_string()))?;
    written(writeln!(std::io::stdout(), "{json}"))
}

/// A reader of standard output that has seen enough, such as `head`, is no failure.
fn written(outcome: std::io::Result<()>) -> Outcome {
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(ENVIRONMENT, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn preset(name: &str) -> Result<Profile, Failure> {
    Profile::preset(name).map_err(|e| Failure::new(ENVIRONMENT, format!("the shipped preset is damaged: {e}")))
}

/// A bar on a terminal, nothing in a pipe.
fn progress(what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0).with_message(what.to_owned());
    // The template is a constant; should it ever be wrong, the default bar serves.
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent} % {eta}") {
        bar.set_style(style);
    }
    bar
}

fn tick(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}
