// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_LIVING_GALLERY_HPP
#define DRGAN_CORE_LIVING_GALLERY_HPP

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <opencv2/drgan.hpp>
#include <string>
#include <thread>
#include <vector>

#include "gallery_change.hpp"

namespace drgan {

/// A gallery in use, which changes meanwhile: its file is replaced, or another file is to be used, or people are
/// changed by hand. Files are loaded, and indexes built, in a thread of its own, which looks at the file's version
/// twice a second (this also works where the file system reports no changes). Changes by hand take effect at once;
/// until they are saved they are kept, and made again in each newer version of the file.
///
/// Thread-safe. current() waits neither for files nor for indexes.
class LivingGallery {
public:
    /// Number of people from which on a gallery gets an index, if this build has indexes.
    static constexpr int indexedFrom = 100000;

    struct Options {
        std::chrono::milliseconds interval{500};  ///< between two looks at the file
        int indexedFrom = LivingGallery::indexedFrom;
        double saveTimeout = 5;  ///< seconds that save() waits for another program that is changing the file
    };
    struct Current {
        cv::Ptr<cv::drgan::Gallery> gallery;  ///< null: none
        std::uint64_t version = 0;            ///< another one after each change, by whomever
    };

    /// Loads the gallery.
    /// @param encoder whose embeddings the gallery must hold
    /// @param path empty: none
    /// @param report called, from the object's thread, with each problem of a new file; the old gallery stays in use.
    /// It must not call the object.
    /// @throws cv::Exception if it cannot be used
    LivingGallery(cv::Ptr<cv::drgan::Encoder> encoder, const std::string& path,
                  std::function<void(const std::string& problem)> report, const Options& options);
    /// Waits for the thread, that is, for a file that is being loaded or an index that is being built.
    ~LivingGallery();
    LivingGallery(const LivingGallery&) = delete;
    LivingGallery& operator=(const LivingGallery&) = delete;

    /// Uses another file as soon as it is loaded. Changes that were not saved are dropped, and reported.
    /// @param path empty: no gallery
    void use(const std::string& path);

    Current current() const;

    /// @throws cv::Exception if it is impossible, or there is no gallery
    void change(const GalleryChange& change);

    /// Saves the gallery in its file. What other programs have changed in it since it was loaded is kept.
    /// @throws std::exception if there is no gallery, the file is locked by another program, was replaced by one that
    /// cannot be used, or cannot be written; nothing is lost then
    void save();

    /// Number of changes that were not saved.
    size_t unsaved() const;

private:
    void run();
    void takeUp();
    void index();
    void dropRetired();
    bool load(const std::string& path, const std::string& stamp, cv::Ptr<cv::drgan::Gallery>& gallery);
    bool wantsIndex(const cv::drgan::Gallery& gallery) const;
    void tryIndex(cv::drgan::Gallery& gallery);
    void replace(const cv::Ptr<cv::drgan::Gallery>& gallery);
    void changeFile(const std::string& path, const cv::Ptr<cv::drgan::Gallery>& gallery);

    const cv::Ptr<cv::drgan::Encoder> encoder_;
    const std::function<void(const std::string&)> report_;
    const Options options_;

    mutable std::mutex mutex_;  // protects what follows
    std::condition_variable wake_;
    bool stopping_ = false;
    bool woken_ = true;
    std::string wanted_;  // the file to use
    std::string path_;    // the file of current_
    std::string stamp_;   // its version
    Current current_;
    std::deque<GalleryChange> changes_;  // of current_, not saved
    std::uint64_t saves_ = 0;            // versions that were loaded or written by save()
    // Galleries that were in use: a large one is freed by the thread, not by whoever lets go of it last.
    std::vector<cv::Ptr<cv::drgan::Gallery>> retired_;

    std::mutex saving_;  // held by save(); locked before mutex_

    // Of the thread only.
    std::string doubtful_;  // path and version that could not be loaded, but may be being written
    std::string refused_;   // path and version that could not be loaded, reported
    bool indexFailed_ = false;

    std::thread thread_;  // the last member: uses the others
};

}  // namespace drgan

#endif
