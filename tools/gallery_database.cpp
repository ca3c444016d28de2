// SPDX-License-Identifier: Apache-2.0
//
// The subcommands that keep galleries and a PostgreSQL database alike: push, pull, watch; and remove from a database.
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <opencv2/drgan.hpp>
#include <random>
#include <stdexcept>
#include <thread>

#include "database/people.hpp"
#include "database/schema.hpp"
#include "file_stamp.hpp"
#include "gallery_commands.hpp"
#include "gallery_lock.hpp"

namespace fs = std::filesystem;
using cv::drgan::Gallery;

namespace drgan::tools {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds shortestPause{500};
constexpr milliseconds longestPause{10000};
constexpr milliseconds settle{300};      // changes that come together are taken up together
constexpr milliseconds idleCheck{5000};  // whether the file was replaced by somebody else; what a read replica has

// Runs `body` until it succeeds; goes on after the connection was lost, for `seconds` at most.
template <typename Body>
auto persist(double seconds, Body body) {
    const auto end = SteadyClock::now() + std::chrono::duration<double>(seconds);
    milliseconds pause = shortestPause;
    while (true) {
        try {
            return body();
        } catch (const DatabaseError& error) {
            if (!error.isConnectionLost() || SteadyClock::now() + pause > end) {
                throw;
            }
            std::fprintf(stderr, "drgan-gallery: %s; trying again\n", error.what());
        }
        std::this_thread::sleep_for(pause);
        pause = std::min(2 * pause, longestPause);
    }
}

/// The bundle to pull: the one that is asked for, else the only one.
StoredBundle chooseBundle(Connection& connection, const std::string& wanted) {
    const auto stored = storedBundles(connection);
    std::string all;
    for (const auto& bundle : stored) {
        if (bundle.id == wanted || (wanted.empty() && stored.size() == 1)) {
            return bundle;
        }
        all += (all.empty() ? "" : ", ") + bundle.id;
    }
    throw DatabaseError(stored.empty() ? "the database has no people yet"
                        : wanted.empty()
                            ? "the database has people of several bundles: " + all + "; --bundle-id chooses one"
                            : "the database has no people of the bundle " + wanted + ", only of " + all,
                        false);
}

cv::Ptr<Gallery> openGallery(Connection& connection, const GalleryArguments& arguments) {
    if (!fs::exists(arguments.gallery)) {
        const StoredBundle bundle = chooseBundle(connection, arguments.bundleId);
        return Gallery::createEmpty(bundle.embeddingSize, bundle.id);
    }
    const auto gallery = Gallery::load(arguments.gallery);
    if (!arguments.bundleId.empty() && arguments.bundleId != gallery->bundleId()) {
        throw std::runtime_error(arguments.gallery + ": holds embeddings of the bundle " + gallery->bundleId() +
                                 ", --bundle-id asks for " + arguments.bundleId);
    }
    chooseBundle(connection, gallery->bundleId());
    return gallery;
}

struct Taken {
    Pulled pulled;
    int people = 0;
    std::string bundle;
    bool written = false;
};

/// Brings the file up to date; writes it only if that changes anything.
Taken take(Connection& connection, const GalleryArguments& arguments, std::int64_t since) {
    const enrolment::GalleryLock lock(arguments.gallery);
    const bool exists = fs::exists(arguments.gallery);
    const auto gallery = openGallery(connection, arguments);
    Taken out;
    out.pulled = pullPeople(connection, *gallery, exists ? since : 0);
    out.people = gallery->size();
    out.bundle = gallery->bundleId();
    out.written = !exists || out.pulled.added + out.pulled.changed + out.pulled.removed > 0;
    if (out.written) {
        gallery->save(arguments.gallery);
    }
    return out;
}

void report(const GalleryArguments& arguments, const Taken& taken) {
    const Pulled& p = taken.pulled;
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"people", taken.people},
                   {"added", p.added},
                   {"changed", p.changed},
                   {"removed", p.removed},
                   {"only_in_gallery", p.onlyHere},
                   {"revision", p.revision}});
    } else {
        std::printf("%s: %d people; %d added, %d changed, %d removed\n", arguments.gallery.c_str(), taken.people,
                    p.added, p.changed, p.removed);
    }
    std::fflush(stdout);
    if (p.onlyHere > 0) {
        std::fprintf(stderr, "drgan-gallery: %s: %d people are not in the database; drgan-gallery push brings them\n",
                     arguments.gallery.c_str(), p.onlyHere);
    }
}

/// A file that can be read as soon as somebody wants the program to end (SIGINT, SIGTERM). One object at a time.
class EndSignal {
public:
    EndSignal() {
        // A handler, and no blocked signals: threads of libraries that were there before take signals, too.
        file_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        struct sigaction action {};
        action.sa_handler = [](int /*signal*/) {
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t n = ::write(file_, &one, sizeof one);
        };
        sigaction(SIGINT, &action, nullptr);
        sigaction(SIGTERM, &action, nullptr);
    }
    ~EndSignal() {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        ::close(file_);
    }
    EndSignal(const EndSignal&) = delete;
    EndSignal& operator=(const EndSignal&) = delete;
    int file() const { return file_; }
    bool came() const {
        pollfd p{file_, POLLIN, 0};
        return poll(&p, 1, 0) > 0;
    }

private:
    static int file_;
};

int EndSignal::file_ = -1;

/// Follows the database until it is told to end or the connection breaks.
void follow(const GalleryArguments& arguments, EndSignal& end, bool& connected) {
    Connection connection(arguments.database);
    Schema::check(connection);
    // A read replica has no notifications: there, it is asked.
    const bool notified = connection.number("SELECT pg_is_in_recovery()::int") == 0;
    if (notified) {
        connection.execute("LISTEN drgan_people");
    }
    std::int64_t revision = 0;
    std::string bundle;
    std::string written;  // our version of the file
    bool due = true;
    while (!end.came()) {
        const bool ours = enrolment::fileStamp(arguments.gallery) == written;
        if (due || !ours) {
            // Where somebody else has written the file, everything is compared again.
            const Taken taken = take(connection, arguments, ours ? revision : 0);
            revision = taken.pulled.revision;
            bundle = taken.bundle;
            written = enrolment::fileStamp(arguments.gallery);
            if (taken.written || !connected) {
                report(arguments, taken);
            }
            connected = true;
        }
        due = connection.waitForNotification(static_cast<int>(idleCheck.count()), end.file());
        if (!notified) {
            due = newestRevision(connection, bundle) != revision;
        } else if (due && !end.came()) {
            std::this_thread::sleep_for(settle);
            connection.waitForNotification(0, end.file());
        }
    }
}

}  // namespace

int pushGallery(const GalleryArguments& arguments) {
    const auto gallery = Gallery::load(arguments.gallery);
    const Pushed pushed = persist(arguments.wait, [&] {
        Connection connection(arguments.database);
        Schema::migrate(connection);
        return pushPeople(connection, *gallery, arguments.restore);
    });
    if (arguments.json) {
        printJson({{"gallery", arguments.gallery},
                   {"added", pushed.added},
                   {"changed", pushed.changed},
                   {"unchanged", pushed.unchanged},
                   {"removed_before", pushed.removed}});
    } else {
        std::printf("%s: %d people added, %d changed, %d unchanged\n", arguments.gallery.c_str(), pushed.added,
                    pushed.changed, pushed.unchanged);
    }
    for (const std::string& name : pushed.removed) {
        std::fprintf(stderr,
                     "drgan-gallery: %s: was removed from the database and is not pushed; --restore pushes everybody\n",
                     name.c_str());
    }
    return pushed.removed.empty() ? 0 : 1;
}

int pullGallery(const GalleryArguments& arguments) {
    report(arguments, persist(arguments.wait, [&] {
               Connection connection(arguments.database);
               Schema::check(connection);
               return take(connection, arguments, 0);
           }));
    return 0;
}

int watchGallery(const GalleryArguments& arguments) {
    EndSignal end;
    bool connected = false;
    milliseconds pause = shortestPause;
    std::minstd_rand random{std::random_device()()};
    std::string told;
    while (!end.came()) {
        try {
            const auto start = SteadyClock::now();
            try {
                follow(arguments, end, connected);
            } catch (const DatabaseError&) {
                pause = SteadyClock::now() - start > longestPause ? shortestPause : pause;
                throw;
            }
        } catch (const DatabaseError& error) {
            if (!error.isConnectionLost() && !connected) {
                throw;  // a mistake of the settings, such as a missing right
            }
            if (std::exchange(told, error.what()) != error.what()) {
                std::fprintf(stderr, "drgan-gallery: %s; the file stays as it is, trying again\n", error.what());
            }
            // Many that follow one database should not come back at once.
            const auto again = SteadyClock::now() + pause * std::uniform_real_distribution<>(0.5, 1)(random);
            while (!end.came() && SteadyClock::now() < again) {
                std::this_thread::sleep_for(milliseconds(100));
            }
            pause = std::min(2 * pause, longestPause);
        }
    }
    return 0;
}

int removeFromDatabase(const GalleryArguments& arguments) {
    if (!arguments.removed.empty()) {
        throw std::runtime_error("--picture: pictures cannot be removed from a database; expected a gallery's file");
    }
    persist(arguments.wait, [&] {
        Connection connection(arguments.gallery);
        Schema::check(connection);
        const auto unknown =
            removeFromDatabase(connection, chooseBundle(connection, arguments.bundleId).id, arguments.names);
        if (!unknown.empty()) {
            throw std::runtime_error("the database has no person named \"" + unknown[0] + "\"; nothing was removed");
        }
        return 0;
    });
    if (arguments.json) {
        printJson({{"removed", arguments.names}});
    } else {
        std::printf("%zu removed from the database\n", arguments.names.size());
    }
    return 0;
}

bool isDatabaseAddress(const std::string& gallery) { return isDatabase(gallery); }

}  // namespace drgan::tools
