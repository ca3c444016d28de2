// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_VISITORS_HPP
#define DRGAN_CORE_VISITORS_HPP

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <opencv2/drgan.hpp>
#include <string>
#include <thread>
#include <vector>

#include "gallery_lock.hpp"
#include "visitor_file.hpp"

namespace drgan {

/// People without a name who are to be recognised when they come again, each by a lasting random id. They are kept in a
/// file (visitor_file.hpp), which belongs to the object as long as it exists: other programs are locked out.
///
/// A thread of the object's saves the file, at most every `interval` and rarely enough to spend a twentieth of its time
/// with it; forget() is saved at once. A process that is killed loses what was not saved yet. Embeddings and times that
/// are newer than the file are saved by the destructor at the latest.
///
/// Thread-safe. No function waits for the file, but the constructor and the destructor.
class Visitors {
public:
    struct Limits {
        int days = 30;     ///< whoever has not been seen for this time is dropped
        int most = 10000;  ///< if there are more, those who were seen longest ago are dropped
    };
    struct Options {
        std::chrono::milliseconds interval{2000};
        double lockTimeout = 5;               ///< seconds that the constructor waits for another program
        std::function<std::int64_t()> clock;  ///< seconds since 1970; empty: the system's
    };

    /// Reads the file, or creates it (0600).
    /// @param encoder whose embeddings the file holds
    /// @param report called, from the object's thread or the destructor's, when the file cannot be written any more.
    /// The thread tries again. It must not call the object.
    /// @throws std::exception naming the file if it is damaged, of another bundle, no file of visitors, in use by
    /// another program, or cannot be written. It is unchanged then.
    Visitors(const cv::Ptr<cv::drgan::Encoder>& encoder, const std::string& path, const Limits& limits,
             std::function<void(const std::string& problem)> report, Options options);
    ~Visitors();
    Visitors(const Visitors&) = delete;
    Visitors& operator=(const Visitors&) = delete;

    /// Call on each frame: also with the same limits, it drops once a minute whoever has expired.
    void setLimits(const Limits& limits);

    /// The visitors by their ids. Only calls of the object's functions change it.
    const cv::drgan::Gallery& gallery() const { return *people_; }

    /// Adds a visitor, who is seen now. @param fused not empty @return the id
    std::string add(const cv::drgan::Template& fused);

    /// The visitor is seen now; nothing happens if there is none of this id.
    void see(const std::string& id);

    /// At the end of a visit, its pictures become a part of the visitor's embedding; nothing happens if there is no
    /// visitor of this id.
    /// @param visit fused pictures, not empty
    /// @param isWhole the visit is the one in which add() was called, so that it replaces what is known of the visitor
    void learn(const std::string& id, const cv::drgan::Template& visit, bool isWhole);

    /// @return whether there was such a visitor
    bool forget(const std::string& id);

private:
    struct Seen {
        VisitorTimes times;
        std::int64_t noted = 0;  // times.last when a save was last asked for
    };
    std::int64_t now() const;
    struct Copy {
        std::string id;
        VisitorTimes times;
        cv::Mat embedding;
        double totalConfidence = 0;
        int images = 0;
    };
    void drop(std::map<std::string, Seen>::iterator visitor);
    void dropSurplus();
    void run();
    void save();
    void write();
    bool copySome(const std::string& after, std::vector<Copy>& some);

    const cv::Ptr<cv::drgan::Gallery> people_;
    const std::string path_;
    const std::function<void(const std::string&)> report_;
    const Options options_;
    const enrolment::GalleryLock fileLock_;

    std::mutex mutex_;  // protects what follows, and changes of people_
    std::condition_variable wake_;
    Limits limits_;
    std::int64_t limitsKept_ = 0;       // when dropSurplus() was last called
    std::map<std::string, Seen> seen_;  // by id
    bool unsaved_ = false;              // there is something to save
    bool urgent_ = false;               // somebody was forgotten: save at once
    bool outdated_ = false;             // times have changed so little that it is enough to save them at the end
    bool stopping_ = false;

    bool failing_ = false;  // the newest save() failed; of the thread, then of the destructor
    std::thread thread_;    // the last member: uses the others
};

}  // namespace drgan

#endif
