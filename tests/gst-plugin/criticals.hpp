// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_CRITICALS_HPP
#define DRGAN_TESTS_CRITICALS_HPP

#include <glib.h>

#include <mutex>
#include <string>
#include <vector>

namespace drgan_test {

/// Collects the criticals and warnings that libraries write to GLib's log during its lifetime.
class Criticals {
public:
    Criticals() : before_(g_log_set_default_handler(take, this)) {}
    ~Criticals() { g_log_set_default_handler(before_, nullptr); }
    Criticals(const Criticals&) = delete;
    Criticals& operator=(const Criticals&) = delete;

    std::vector<std::string> texts() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return texts_;
    }

private:
    static void take(const gchar*, GLogLevelFlags level, const gchar* text, gpointer user) {
        if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0) {
            auto* self = static_cast<Criticals*>(user);
            const std::lock_guard<std::mutex> lock(self->mutex_);
            self->texts_.emplace_back(text);
        }
    }
    mutable std::mutex mutex_;
    std::vector<std::string> texts_;
    GLogFunc before_;
};

}  // namespace drgan_test

#endif
