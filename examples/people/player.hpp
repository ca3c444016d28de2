// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_PLAYER_HPP
#define DRGAN_EXAMPLES_PEOPLE_PLAYER_HPP

#include <gst/gst.h>

#include <functional>
#include <string>
#include <vector>

#include "../results.hpp"

namespace drgan::people {

/// A pipeline with one drganfrontalize in it. Everything is called, and calls back, in the thread of GLib's default
/// main loop.
class Player {
public:
    struct Callbacks {
        std::function<void(const examples::Result&)> result;
        std::function<void(const std::string& why)> warning;
        std::function<void()> ended;                        ///< the video has ended; the element is still there
        std::function<void(const std::string& why)> error;  ///< the pipeline does not go on
    };

    /// @param words a pipeline, as arguments of gst-launch-1.0
    /// @throws std::runtime_error if it cannot be created, or has not exactly one drganfrontalize
    Player(const std::vector<std::string>& words, Callbacks callbacks);
    ~Player();
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    std::string bundle() const;  ///< the element's property: folder of the models; empty: the default bundle
    std::string source() const;  ///< name of the stream

    /// Starts to play. A failure is reported by the callback `error`.
    void play(const std::string& gallery);

    // The element's action signals: docs/element.md. Each returns whether it was done.
    bool enroll(unsigned track, const std::string& name);
    bool renamePerson(const std::string& name, const std::string& to);
    bool mergePeople(const std::string& name, const std::string& into);
    bool removePerson(const std::string& name);
    bool saveGallery();
    void forget(unsigned track);

private:
    static gboolean onMessage(GstBus* bus, GstMessage* message, gpointer self);
    void take(GstMessage* message);

    Callbacks callbacks_;
    GstElement* pipeline_ = nullptr;
    GstElement* element_ = nullptr;
    guint watch_ = 0;
};

}  // namespace drgan::people

#endif
