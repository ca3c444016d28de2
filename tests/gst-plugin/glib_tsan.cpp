// SPDX-License-Identifier: Apache-2.0
//
// Only for builds with -Db_sanitize=thread. GLib implements its locks with futexes and GStreamer its reference counts
// with atomics, in libraries that are not instrumented, so the thread sanitizer cannot see that they order memory
// accesses. In the test programs, these functions replace GLib's: they call the original and report the order to the
// sanitizer.
//
// They report only the order, not the lock itself: the sanitizer's checks of locks (lock order, locks that stay locked)
// cover only std::mutex.
#include <dlfcn.h>
#include <gst/gst.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace {

template <typename Function>
Function* real(Function*, const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// Locking a lock happens after its last unlock, and after its creation.
#define TAKES(name, Lock)                                 \
    extern "C" void name(Lock* lock) {                    \
        static auto* const function = real(&name, #name); \
        __tsan_acquire(lock);                             \
        function(lock);                                   \
        __tsan_acquire(lock);                             \
    }
#define TRIES(name, Lock)                                 \
    extern "C" gboolean name(Lock* lock) {                \
        static auto* const function = real(&name, #name); \
        const gboolean taken = function(lock);            \
        if (taken != FALSE) {                             \
            __tsan_acquire(lock);                         \
        }                                                 \
        return taken;                                     \
    }
#define GIVES_BACK(name, Lock)                            \
    extern "C" void name(Lock* lock) {                    \
        static auto* const function = real(&name, #name); \
        __tsan_release(lock);                             \
        function(lock);                                   \
    }

TAKES(g_mutex_lock, GMutex)
TRIES(g_mutex_trylock, GMutex)
GIVES_BACK(g_mutex_unlock, GMutex)
TAKES(g_rec_mutex_lock, GRecMutex)
TRIES(g_rec_mutex_trylock, GRecMutex)
GIVES_BACK(g_rec_mutex_unlock, GRecMutex)
TAKES(g_rw_lock_writer_lock, GRWLock)
TRIES(g_rw_lock_writer_trylock, GRWLock)
GIVES_BACK(g_rw_lock_writer_unlock, GRWLock)
TAKES(g_rw_lock_reader_lock, GRWLock)
TRIES(g_rw_lock_reader_trylock, GRWLock)
GIVES_BACK(g_rw_lock_reader_unlock, GRWLock)

// A recursive lock allocates memory, which threads that lock it later access.
extern "C" void g_rec_mutex_init(GRecMutex* lock) {
    static auto* const function = real(&g_rec_mutex_init, "g_rec_mutex_init");
    function(lock);
    __tsan_release(lock);
}

// Waiting unlocks the mutex and locks it again.
extern "C" void g_cond_wait(GCond* cond, GMutex* mutex) {
    static auto* const function = real(&g_cond_wait, "g_cond_wait");
    __tsan_release(mutex);
    function(cond, mutex);
    __tsan_acquire(mutex);
}
extern "C" gboolean g_cond_wait_until(GCond* cond, GMutex* mutex, gint64 end) {
    static auto* const function = real(&g_cond_wait_until, "g_cond_wait_until");
    __tsan_release(mutex);
    const gboolean signalled = function(cond, mutex, end);
    __tsan_acquire(mutex);
    return signalled;
}

// Dropping the last reference happens after every earlier use of the object.
extern "C" void gst_mini_object_unref(GstMiniObject* object) {
    static auto* const function = real(&gst_mini_object_unref, "gst_mini_object_unref");
    __tsan_release(object);
    __tsan_acquire(object);
    function(object);
}
extern "C" void g_object_unref(gpointer object) {
    static auto* const function = real(&g_object_unref, "g_object_unref");
    __tsan_release(object);
    __tsan_acquire(object);
    function(object);
}

// A bus is a lock-free queue.
extern "C" gboolean gst_element_post_message(GstElement* element, GstMessage* message) {
    static auto* const function = real(&gst_element_post_message, "gst_element_post_message");
    __tsan_release(message);
    return function(element, message);
}
extern "C" GstMessage* gst_bus_timed_pop_filtered(GstBus* bus, GstClockTime timeout, GstMessageType types) {
    static auto* const function = real(&gst_bus_timed_pop_filtered, "gst_bus_timed_pop_filtered");
    GstMessage* message = function(bus, timeout, types);
    if (message != nullptr) {
        __tsan_acquire(message);
    }
    return message;
}
extern "C" GstMessage* gst_bus_pop_filtered(GstBus* bus, GstMessageType types) {
    static auto* const function = real(&gst_bus_pop_filtered, "gst_bus_pop_filtered");
    GstMessage* message = function(bus, types);
    if (message != nullptr) {
        __tsan_acquire(message);
    }
    return message;
}

// The task pushed to a thread pool; the pool's thread frees it first of all.
extern "C" gboolean g_thread_pool_push(GThreadPool* pool, gpointer data, GError** error) {
    static auto* const function = real(&g_thread_pool_push, "g_thread_pool_push");
    __tsan_release(data);
    return function(pool, data, error);
}
extern "C" void g_slice_free1(gsize size, gpointer memory) {
    static auto* const function = real(&g_slice_free1, "g_slice_free1");
    __tsan_acquire(memory);
    function(size, memory);
}
