//! Work that takes long: begun, watched, given up, and its result kept for a while.
//!
//! One job runs at a time, each on a thread of its own, so that two large files are not held in memory at once. A job that
//! is given up counts as ended at once; its thread ends when it next looks.

use crate::model::Problem;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a result is kept.
pub const KEPT: Duration = Duration::from_secs(3_600);

/// Why a job came to nothing.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The data is at fault; the problems say how.
    Data(Arc<Vec<Problem>>),
    /// The server is at fault; the log says how.
    Server,
    /// Somebody gave it up.
    Cancelled,
}

/// Where a job stands.
#[derive(Clone, Debug)]
pub enum State<T> {
    /// Not ended.
    Running,
    /// It has a result.
    Done(Arc<T>),
    /// It has none.
    Failed(Failure),
}

/// What is known of a job.
#[derive(Clone, Debug)]
pub struct Report<T> {
    /// Its number.
    pub id: u64,
    /// What it does now: `reading grids.shp`.
    pub what: String,
    /// How much is done, in whatever is counted now.
    pub done: u64,
    /// How much there is; 0 where nobody knows.
    pub all: u64,
    /// Where it stands.
    pub state: State<T>,
}

struct Job<T> {
    pace: Arc<Pace>,
    state: State<T>,
    ended: Option<Instant>,
}

/// How far a job is; what it runs tells here and asks here whether it is still wanted.
#[derive(Debug, Default)]
pub struct Pace {
    what: Mutex<String>,
    done: AtomicU64,
    all: AtomicU64,
    cancel: Arc<AtomicBool>,
    /// Whether it changes the city now: it cannot be given up any more then.
    final_step: Mutex<bool>,
}

impl Pace {
    /// A new step begins.
    pub fn step(&self, what: impl Into<String>) {
        *lock(&self.what) = what.into();
        self.told(0, 0);
    }

    /// So much of the step is done.
    pub fn told(&self, done: u64, all: u64) {
        self.done.store(done, Ordering::Relaxed);
        self.all.store(all, Ordering::Relaxed);
    }

    /// Whether somebody gave it up.
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// The same, for those who only take a flag.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.cancel.clone()
    }

    /// Begins what cannot be given up; `false` where it was given up before.
    pub fn begin_final_step(&self) -> bool {
        let mut begun = lock(&self.final_step);
        *begun = !self.cancelled();
        *begun
    }

    /// Gives it up; `false` where it is too late.
    fn give_up(&self) -> bool {
        let begun = lock(&self.final_step);
        if !*begun {
            self.cancel.store(true, Ordering::Relaxed);
        }
        !*begun
    }
}

/// All jobs of a server.
pub struct Jobs<T> {
    jobs: Arc<Mutex<BTreeMap<u64, Job<T>>>>,
    next: AtomicU64,
    /// Held by the one that runs.
    turn: Arc<Mutex<()>>,
}

impl<T> Default for Jobs<T> {
    fn default() -> Self {
        Self { jobs: Arc::default(), next: AtomicU64::new(1), turn: Arc::default() }
    }
}

/// Jobs that wait or run at most.
const MOST: usize = 32;

impl<T: Send + Sync + 'static> Jobs<T> {
    /// Begins a job and gives its number; `None` where too many wait.
    pub fn begin(&self, task: impl FnOnce(&Pace) -> Result<T, Failure> + Send + 'static) -> Option<u64> {
        self.expire(KEPT);
        let pace = Arc::new(Pace::default());
        pace.step("waiting for the job before");
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut jobs = lock(&self.jobs);
            if jobs.values().filter(|job| job.ended.is_none()).count() >= MOST {
                return None;
            }
            jobs.insert(id, Job { pace: pace.clone(), state: State::Running, ended: None });
        }
        let (jobs, turn) = (self.jobs.clone(), self.turn.clone());
        let run = move || {
            let _turn = lock(&turn);
            let outcome = if pace.cancelled() {
                Err(Failure::Cancelled)
            } else {
                catch_unwind(AssertUnwindSafe(|| task(&pace))).unwrap_or_else(|_| {
                    tracing::error!(job = id, "a job panicked");
                    Err(Failure::Server)
                })
            };
            if let Some(job) = lock(&jobs).get_mut(&id)
                && job.ended.is_none()
            {
                job.state = match outcome {
                    Ok(result) => State::Done(Arc::new(result)),
                    Err(failure) => State::Failed(failure),
                };
                job.ended = Some(Instant::now());
            }
        };
        if let Err(error) = std::thread::Builder::new().name(format!("job {id}")).spawn(run) {
            tracing::error!(%error, "no thread for a job");
            lock(&self.jobs).remove(&id);
            return None;
        }
        Some(id)
    }

    /// What is known of a job.
    pub fn report(&self, id: u64) -> Option<Report<T>> {
        let jobs = lock(&self.jobs);
        let job = jobs.get(&id)?;
        let state = match &job.state {
            State::Running => State::Running,
            State::Done(result) => State::Done(result.clone()),
            State::Failed(failure) => State::Failed(failure.clone()),
        };
        let number = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let (done, all) = (number(&job.pace.done), number(&job.pace.all));
        Some(Report { id, what: lock(&job.pace.what).clone(), done, all, state })
    }

    /// Gives a job up: it counts as ended when this returns. `Some(false)` where it is writing already; one that has ended
    /// stays as it is.
    pub fn cancel(&self, id: u64) -> Option<bool> {
        let mut jobs = lock(&self.jobs);
        let job = jobs.get_mut(&id)?;
        if job.ended.is_some() {
            return Some(true);
        }
        let given_up = job.pace.give_up();
        if given_up {
            (job.state, job.ended) = (State::Failed(Failure::Cancelled), Some(Instant::now()));
        }
        Some(given_up)
    }

    /// Forgets the jobs that ended so long ago.
    pub fn expire(&self, kept: Duration) {
        lock(&self.jobs).retain(|_, job| job.ended.is_none_or(|ended| ended.elapsed() < kept));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is under these locks is changed in single steps; a panic cannot have left it half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait<T: Send + Sync + 'static>(jobs: &Jobs<T>, id: u64) -> State<T> {
        loop {
            match jobs.report(id).expect("known").state {
                State::Running => std::thread::sleep(Duration::from_millis(1)),
                ended => return ended,
            }
        }
    }

    #[test]
    fn a_job_tells_how_far_it_is_and_keeps_its_result_for_a_while() {
        let jobs = Jobs::default();
        let (go, wait_for_go) = std::sync::mpsc::channel::<()>();
        let (began, wait_for_begin) = std::sync::mpsc::channel::<()>();
        let id = jobs.begin(move |pace| {
            pace.step("counting");
            pace.told(2, 3);
            let _ = began.send(());
            let _ = wait_for_go.recv();
            Ok(7)
        });
        let id = id.expect("begun");
        wait_for_begin.recv().expect("it began");
        let report = jobs.report(id).expect("known");
        assert_eq!((report.what.as_str(), report.done, report.all), ("counting", 2, 3));
        go.send(()).expect("it waits");
        assert!(matches!(wait(&jobs, id), State::Done(result) if *result == 7));
        jobs.expire(KEPT);
        assert!(jobs.report(id).is_some());
        jobs.expire(Duration::ZERO);
        assert!(jobs.report(id).is_none() && jobs.cancel(id).is_none());
    }

    #[test]
    fn a_job_that_is_given_up_has_ended_at_once_and_a_writing_one_cannot_be() {
        let jobs = Jobs::default();
        let (go, wait_for_go) = std::sync::mpsc::channel::<()>();
        let stubborn = jobs.begin(move |_| {
            let _ = wait_for_go.recv();
            Ok(())
        });
        let waiting = jobs.begin(|_| Ok(())).expect("begun");
        let stubborn = stubborn.expect("begun");
        for id in [stubborn, waiting] {
            assert_eq!(jobs.cancel(id), Some(true));
            assert!(matches!(jobs.report(id).expect("known").state, State::Failed(Failure::Cancelled)));
        }
        go.send(()).expect("it waits");
        let (began, wait_for_begin) = std::sync::mpsc::channel::<()>();
        let (go, wait_for_go) = std::sync::mpsc::channel::<()>();
        let writing = jobs.begin(move |pace| {
            assert!(pace.begin_final_step());
            let _ = began.send(());
            let _ = wait_for_go.recv();
            Ok(())
        });
        let writing = writing.expect("begun");
        wait_for_begin.recv().expect("it began");
        assert_eq!(jobs.cancel(writing), Some(false));
        go.send(()).expect("it waits");
        assert!(matches!(wait(&jobs, writing), State::Done(_)));
    }

    #[test]
    fn a_panic_fails_its_own_job_alone() {
        let jobs = Jobs::<()>::default();
        let first = jobs.begin(|_| panic!("on purpose")).expect("begun");
        assert!(matches!(wait(&jobs, first), State::Failed(Failure::Server)));
        let second = jobs.begin(|_| Ok(())).expect("begun");
        assert!(matches!(wait(&jobs, second), State::Done(_)));
    }
}
