#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

// Threads. Debian's oneDNN runs on OpenMP, whose thread count is a property of the calling thread. Found at run time,
// so that a oneDNN with another threading runtime links too; then the count is that runtime's own.

// Returns the count in force after the call.
static inline int onednn_set_thread_count(int count) {
    void (*set)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    int (*get)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    if (set) set(count);
    return get ? get() : count;
}

// The count that primitives made by this thread are for.
static inline int onednn_thread_count(void) {
    int (*get)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    return get ? get() : 1;
}

// Runs body(data) on the threads of oneDNN's own team, so that kernels of ours and of oneDNN never compete for cores;
// body asks onednn_thread_index for its share. Returns 0, having run nothing, where the runtime is not libgomp.
static inline int onednn_run_team(void (*body)(void *), void *data, int threads) {
    static void (*parallel)(void (*)(void *), void *, unsigned, unsigned) = NULL;
    if (!parallel) {
        parallel = (void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(RTLD_DEFAULT, "GOMP_parallel");
    }
    if (!parallel) return 0;
    parallel(body, data, (unsigned)threads, 0);
    return 1;
}

static inline int onednn_thread_index(void) {
    static int (*index)(void) = NULL;
    if (!index) index = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_thread_num");
    return index ? index() : 0;
}

// Threads of the team that runs now; OpenMP may have given fewer than were asked for.
static inline int onednn_team_size(void) {
    static int (*size)(void) = NULL;
    if (!size) size = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_threads");
    return size ? size() : 1;
}

// Waiting. Threads of libgomp that wait for one another at the end of a layer spin for milliseconds before they sleep,
// which on a busy machine takes the cores from those that are waited for. The variables that say otherwise
// (OMP_WAIT_POLICY, GOMP_SPINCOUNT) are read before a library can set them; but where libgomp has more threads than there
// are cores it spins for a microsecond only. One sleeping thread with a team larger than that is enough, for as long as
// the process lives. Other runtimes have their own ways, and are left alone.

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_ready;
    unsigned threads;
    void (*parallel)(void (*)(void *), void *, unsigned, unsigned);
} onednn_sleeping_team;

static inline void onednn_do_nothing(void *data) { (void)data; }

static inline void *onednn_sleep_with_team(void *data) {
    onednn_sleeping_team *team = (onednn_sleeping_team *)data;
    // The team stays when its work is done, asleep, until this thread ends.
    team->parallel(onednn_do_nothing, NULL, team->threads, 0);
    pthread_mutex_lock(&team->lock);
    team->is_ready = 1;
    pthread_cond_signal(&team->changed);
    pthread_mutex_unlock(&team->lock);
    for (;;) pause();
    return NULL;
}

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_over;
} onednn_thread_probe;

static inline void *onednn_wait_for_end(void *data) {
    onednn_thread_probe *probe = (onednn_thread_probe *)data;
    pthread_mutex_lock(&probe->lock);
    while (!probe->is_over) pthread_cond_wait(&probe->changed, &probe->lock);
    pthread_mutex_unlock(&probe->lock);
    return NULL;
}

// Whether the system has so many more threads to give (pids.max, ulimit -u): libgomp ends the program where it has not.
static inline int onednn_can_start(unsigned count) {
    onednn_thread_probe probe = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    pthread_t *threads = (pthread_t *)calloc(count, sizeof(pthread_t));
    if (!threads) return 0;
    unsigned started = 0;
    while (started < count && pthread_create(&threads[started], NULL, onednn_wait_for_end, &probe) == 0) started++;
    pthread_mutex_lock(&probe.lock);
    probe.is_over = 1;
    pthread_cond_broadcast(&probe.changed);
    pthread_mutex_unlock(&probe.lock);
    for (unsigned index = 0; index < started; index++) pthread_join(threads[index], NULL);
    free(threads);
    return started == count;
}

// Makes threads that wait sleep soon; to be called once a process. Returns 1 where it does, 0 where the runtime is not
// libgomp or has no more threads to give.
static inline int onednn_sleep_at_barriers(void) {
    static onednn_sleeping_team team = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, NULL};
    int (*cores)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_procs");
    team.parallel = (void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(RTLD_DEFAULT, "GOMP_parallel");
    // LLVM's runtime has libgomp's entries, too.
    if (!cores || !team.parallel || dlsym(RTLD_DEFAULT, "kmp_set_blocktime")) return 0;
    team.threads = (unsigned)cores() + 1;
    // Signals are for others: they would be handled on a thread that is not expected to.
    sigset_t all, before;
    sigfillset(&all);
    pthread_t thread;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    // The team and the thread that has it.
    int failed = !onednn_can_start(team.threads + 1) || pthread_create(&thread, NULL, onednn_sleep_with_team, &team);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return 0;
    pthread_detach(thread);
    pthread_mutex_lock(&team.lock);
    while (!team.is_ready) pthread_cond_wait(&team.changed, &team.lock);
    pthread_mutex_unlock(&team.lock);
    return 1;
}
