import Glibc

/// Runs an actor's jobs on one operating-system thread of its own: net-snmp waits in `select`, and a thread of Swift's pool must never wait.
///
/// The thread ends, after the jobs it has, when the executor is released.
final class ChassisThread: SerialExecutor {
    private let queue = JobQueue()

    /// Starts a detached thread on the context; pthread_create's answer.
    typealias Starting = (UnsafeMutableRawPointer) -> Int32

    /// Throws `.configuration` where the process is at its limit of threads.
    init(starting: Starting = ChassisThread.start) throws(ChassisError) {
        let context = Unmanaged.passRetained(queue)
        let failure = starting(context.toOpaque())
        guard failure == 0 else {
            context.release()
            throw ChassisError(
                .configuration, "no thread can be started: \(String(cString: strerror(failure)))",
                remedy: "see the limits of this process (TasksMax, LimitNPROC)")
        }
    }

    private static func start(_ context: UnsafeMutableRawPointer) -> Int32 {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 1 << 20)
        var thread = pthread_t()
        return pthread_create(
            &thread, &attributes,
            { context in
                if let context { Unmanaged<JobQueue>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
    }

    deinit { queue.finish() }

    func enqueue(_ job: consuming ExecutorJob) { queue.append(UnownedJob(job), asUnownedSerialExecutor()) }
    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// Jobs in their order, handed to one thread. All of its state is behind the mutex.
private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [(UnownedJob, UnownedSerialExecutor)] = []
    private var isFinished = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func append(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
        pthread_mutex_lock(mutex)
        jobs.append((job, executor))
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func finish() {
        pthread_mutex_lock(mutex)
        isFinished = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func run() {
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty && !isFinished { pthread_cond_wait(condition, mutex) }
            let batch = jobs
            jobs = []
            pthread_mutex_unlock(mutex)
            if batch.isEmpty { return }
            for (job, executor) in batch { job.runSynchronously(on: executor) }
        }
    }
}
