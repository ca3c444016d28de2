// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TESTS_ELEMENT_LOG_HPP
#define DRGAN_TESTS_ELEMENT_LOG_HPP

#include <gst/gst.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace drgan_test {

/// Collects GStreamer's log lines by category during its lifetime.
class Log {
public:
    explicit Log(const char* thresholds) {
        gst_debug_remove_log_function(gst_debug_log_default);
        gst_debug_set_threshold_from_string(thresholds, FALSE);
        gst_debug_add_log_function(take, this, nullptr);
    }
    ~Log() {
        gst_debug_remove_log_function(take);
        gst_debug_set_threshold_from_string("*:1", TRUE);
        gst_debug_add_log_function(gst_debug_log_default, nullptr, nullptr);
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// The lines that contain this text.
    std::vector<std::string> lines(const std::string& category, const std::string& text) {
        const std::lock_guard<std::mutex> lock(mutex_);
        std::vector<std::string> out;
        for (const auto& line : lines_[category]) {
            if (line.find(text) != std::string::npos) {
                out.push_back(line);
            }
        }
        return out;
    }

private:
    static void take(GstDebugCategory* category, GstDebugLevel, const gchar*, const gchar*, gint, GObject*,
                     GstDebugMessage* message, gpointer self) {
        auto* log = static_cast<Log*>(self);
        const std::lock_guard<std::mutex> lock(log->mutex_);
        log->lines_[gst_debug_category_get_name(category)].emplace_back(gst_debug_message_get(message));
    }
    std::mutex mutex_;
    std::map<std::string, std::vector<std::string>> lines_;
};

}  // namespace drgan_test

#endif
