// SPDX-License-Identifier: Apache-2.0
//
// Plays a clip in an endless loop through drganfrontalize with everything on, at full speed, with disturbances.
#ifndef DRGAN_TESTS_SOAK_PLAYER_HPP
#define DRGAN_TESTS_SOAK_PLAYER_HPP

#include <gst/gst.h>

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace drgan_soak {

/// A clip decoded into memory.
struct Clip {
    std::vector<std::vector<unsigned char>> frames;  ///< I420
    int width = 0;
    int height = 0;
};

/// @throws std::runtime_error if the file cannot be read
Clip readClip(const std::string& file);

class Player {
public:
    /// @param results output file for the lines of JSON
    /// @throws std::runtime_error if the pipeline cannot be created or started
    Player(const Clip& clip, const std::string& results, unsigned seed);
    ~Player();
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    /// Makes a random disturbance: other properties, forget, a flushing seek, a pause, or another element of the same
    /// bundle that starts, plays for a second and stops. Call it a few times a second.
    void disturb();

    /// Ends the stream and waits for its last message.
    void finish();

    size_t frames() const { return frames_; }        ///< that passed the element
    size_t faces() const { return faces_; }          ///< pictures from the pad "faces"
    size_t messages() const { return messages_; }    ///< "drganfrontalize" on the bus
    size_t embeddings() const { return embedded_; }  ///< messages with an embedding
    std::string error() const;                       ///< first error or warning on the bus; empty: none
    /// How often each disturbance was made so far.
    const std::map<std::string, int>& done() const { return done_; }

private:
    void feed();
    void changeProperties();
    void playAnother();
    static GstBusSyncReply take(GstBus* bus, GstMessage* message, gpointer self);
    static gboolean seek(GstElement* source, guint64 position, gpointer self);
    void count(const char* element, std::atomic<size_t>& counter);

    const Clip& clip_;
    GstElement* pipeline_ = nullptr;
    GstElement* source_ = nullptr;
    GstElement* drgan_ = nullptr;
    std::mt19937 random_;
    std::thread feeder_;
    std::atomic<bool> stop_{false};
    std::atomic<bool> ended_{false};
    std::atomic<guint64> next_{0};  // next frame
    std::atomic<size_t> frames_{0}, faces_{0}, messages_{0}, embedded_{0};
    mutable std::mutex mutex_;
    std::string error_;
    std::map<std::string, int> done_;
    int turn_ = 0;
};

}  // namespace drgan_soak

#endif
