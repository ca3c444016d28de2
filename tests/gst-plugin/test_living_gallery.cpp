// SPDX-License-Identifier: Apache-2.0
//
// A gallery that changes while it is in use: its file is replaced, other files are used, people are changed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/people/living_gallery.hpp"
#include "gallery_lock.hpp"
#include "tiny_onnx.hpp"
#include "wait_for.hpp"

namespace {

namespace fs = std::filesystem;
using cv::drgan::Gallery;
using drgan::GalleryChange;
using drgan::LivingGallery;
using drgan_test::TempDir;
using drgan_test::waitFor;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

cv::Mat axis(int i) {
    cv::Mat e(1, 8, CV_32F, cv::Scalar(0));
    e.at<float>(i) = 1;
    return e;
}

GalleryChange enrolled(const std::string& name, int i, const std::string& picture = "door track 1") {
    return {GalleryChange::Kind::enroll, name, {}, axis(i), 0.5, 1, picture};
}
GalleryChange removed(const std::string& name) { return {GalleryChange::Kind::remove, name, {}, {}, 0, 0, {}}; }
GalleryChange renamed(const std::string& name, const std::string& to) {
    return {GalleryChange::Kind::rename, name, to, {}, 0, 0, {}};
}
GalleryChange merged(const std::string& name, const std::string& to) {
    return {GalleryChange::Kind::merge, name, to, {}, 0, 0, {}};
}

class Living : public testing::Test {
protected:
    void SetUp() override {
        write(file, {"Ada"});
        options.interval = std::chrono::milliseconds(5);
        options.saveTimeout = 0.2;
    }

    /// Replaces a gallery's file, as every program does: atomically.
    static void write(const std::string& path, const std::vector<std::string>& people,
                      const std::string& bundle = "tiny") {
        const auto gallery = Gallery::createEmpty(8, bundle);
        for (size_t i = 0; i < people.size(); ++i) {
            gallery->addFused(people[i], axis(static_cast<int>(i)), 0.5, 1);
        }
        gallery->save(path);
    }

    LivingGallery& open(const std::string& path) {
        living = std::make_unique<LivingGallery>(
            encoder, path,
            [this](const std::string& why) {
                const std::lock_guard<std::mutex> lock(mutex);
                problems.push_back(why);
            },
            options);
        return *living;
    }

    std::vector<std::string> reported() {
        const std::lock_guard<std::mutex> lock(mutex);
        return problems;
    }

    std::vector<std::string> names() const {
        const auto gallery = living->current().gallery;
        std::vector<std::string> out;
        for (const auto& name : gallery ? gallery->names() : std::vector<cv::String>{"(none)"}) {
            out.push_back(name);
        }
        return out;
    }

    bool soonHas(const std::vector<std::string>& people) {
        return waitFor([&] { return names() == people; });
    }

    static std::vector<std::string> inFile(const std::string& path) {
        std::vector<std::string> out;
        for (const auto& name : Gallery::load(path)->names()) {
            out.push_back(name);
        }
        return out;
    }

    TempDir dir;
    std::string file = dir.path() + "/people.gallery";
    LivingGallery::Options options;
    cv::Ptr<cv::drgan::Encoder> encoder = cv::drgan::Encoder::create(drgan_test::tinyEncoder());
    std::mutex mutex;
    std::vector<std::string> problems;
    std::unique_ptr<LivingGallery> living;  // the last: its thread reports to the others
};

TEST_F(Living, TakesUpAFileThatIsReplaced) {
    open(file);
    EXPECT_THAT(names(), ElementsAre("Ada"));
    const auto before = living->current();
    write(file, {"Ada", "Grace"});
    EXPECT_TRUE(soonHas({"Ada", "Grace"}));
    EXPECT_NE(living->current().version, before.version);
    EXPECT_THAT(before.gallery->names(), ElementsAre("Ada")) << "whoever uses the old one may go on";
    write(file, {});
    EXPECT_TRUE(soonHas({}));
    EXPECT_THAT(reported(), IsEmpty());
}

TEST_F(Living, KeepsTheOldOneWhereTheNewOneIsDamagedForeignOrGone) {
    open(file);
    const auto expectRefused = [&](size_t number, const std::string& why) {
        EXPECT_TRUE(waitFor([&] { return reported().size() >= number; })) << why;
        std::this_thread::sleep_for(10 * options.interval);
        ASSERT_EQ(reported().size(), number) << "told once";
        EXPECT_THAT(reported().back(), HasSubstr(why));
        EXPECT_THAT(names(), ElementsAre("Ada"));
    };
    std::ofstream(file + ".new", std::ios::binary) << "no gallery at all";
    fs::rename(file + ".new", file);  // at once: an empty file would be a problem of its own
    expectRefused(1, file);
    write(file, {"Eve"}, "somebody-elses");
    expectRefused(2, "somebody-elses");
    fs::remove(file);
    expectRefused(3, file);
    write(file, {"Grace"});
    EXPECT_TRUE(soonHas({"Grace"})) << "a good one is taken up afterwards";
    fs::remove(file);
    EXPECT_TRUE(waitFor([&] { return reported().size() == 4; })) << "gone again is told again";
}

TEST_F(Living, WaitsForAFileThatIsWrittenInPlace) {
    options.interval = std::chrono::milliseconds(500);
    open(file);
    const std::string other = dir.path() + "/other.gallery";
    write(other, {"Ada", "Grace"});
    std::ifstream in(other, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    for (size_t length = 0; length < whole.size(); length += 8) {
        std::ofstream(file, std::ios::binary) << whole.substr(0, length);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    std::ofstream(file, std::ios::binary) << whole;
    EXPECT_TRUE(soonHas({"Ada", "Grace"}));
    EXPECT_THAT(reported(), IsEmpty());
}

TEST_F(Living, UsesAnotherFileOrNone) {
    open(file);
    const std::string other = dir.path() + "/other.gallery";
    living->use(other);
    EXPECT_TRUE(waitFor([&] { return reported().size() == 1; })) << "there is none yet";
    EXPECT_THAT(names(), ElementsAre("Ada"));
    write(other, {"Grace"});
    EXPECT_TRUE(soonHas({"Grace"}));
    write(file, {"Eve"});  // no longer of interest
    living->use("");
    EXPECT_TRUE(soonHas({"(none)"}));
    EXPECT_THROW(living->change(enrolled("Bob", 0)), cv::Exception);
    EXPECT_THROW(living->save(), std::exception);
    living->use(file);
    EXPECT_TRUE(soonHas({"Eve"}));
}

TEST_F(Living, IsChangedByHandAtOnce) {
    open("");
    living->use(file);
    ASSERT_TRUE(soonHas({"Ada"}));
    auto version = living->current().version;
    const auto expectChanged = [&](const GalleryChange& change) {
        living->change(change);
        EXPECT_NE(living->current().version, version);
        version = living->current().version;
    };
    const auto expectRefused = [&](const GalleryChange& change) {
        const auto before = names();
        EXPECT_THROW(living->change(change), cv::Exception);
        EXPECT_EQ(living->current().version, version);
        EXPECT_EQ(names(), before);
    };
    expectChanged(enrolled("Grace", 1));
    expectChanged(renamed("Grace", "Hopper"));
    expectRefused(renamed("Grace", "Hopper"));
    expectRefused(renamed("Ada", "Hopper"));
    expectRefused(removed("Grace"));
    expectRefused(enrolled("", 1));
    expectRefused(merged("Ada", "Ada"));
    expectRefused(merged("Ada", "Grace"));
    expectChanged(merged("Hopper", "Ada"));
    EXPECT_THAT(names(), ElementsAre("Ada"));
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    living->current().gallery->person("Ada", embedding, total, images);
    EXPECT_EQ(images, 2);
    EXPECT_EQ(total, 1);
    expectChanged(removed("Ada"));
    EXPECT_THAT(names(), IsEmpty());
    EXPECT_THAT(inFile(file), ElementsAre("Ada")) << "the file is only changed by save()";
    living->save();
    EXPECT_THAT(inFile(file), IsEmpty());
    EXPECT_EQ(living->unsaved(), 0U);
}

TEST_F(Living, CountsATrackThatIsEnrolledAgainOnce) {
    write(file, {});
    open(file);
    living->change(enrolled("Grace", 1));
    living->change(enrolled("Grace", 2));
    cv::Mat embedding;
    double total = 0;
    int images = 0;
    living->current().gallery->person("Grace", embedding, total, images);
    EXPECT_EQ(images, 1);
    EXPECT_EQ(cv::norm(embedding, axis(2)), 0) << "as it is known now";
    living->change(enrolled("Grace", 1, "door track 2"));
    living->current().gallery->person("Grace", embedding, total, images);
    EXPECT_EQ(images, 2);
}

TEST_F(Living, LosesNoChangeWhenTheFileIsReplacedBeforeItIsSaved) {
    open(file);
    living->change(enrolled("Grace", 1));
    living->change(renamed("Ada", "Lovelace"));
    write(file, {"Ada", "Bob"});  // by another program
    EXPECT_TRUE(soonHas({"Bob", "Grace", "Lovelace"}));
    living->save();
    EXPECT_THAT(inFile(file), ElementsAre("Bob", "Grace", "Lovelace"));
}

TEST_F(Living, SavesTheOthersChangesToo) {
    options.interval = std::chrono::hours(1);  // the thread does not notice
    open(file);
    living->change(enrolled("Grace", 1));
    write(file, {"Ada", "Bob"});
    living->save();
    EXPECT_THAT(inFile(file), ElementsAre("Ada", "Bob", "Grace"));
    EXPECT_THAT(names(), ElementsAre("Ada", "Bob", "Grace"));
}

TEST_F(Living, DoesNotTakeItsOwnFileForAnothers) {
    open(file);
    living->change(enrolled("Grace", 1));
    living->save();
    living->change(enrolled("Bob", 2));
    const auto version = living->current().version;
    std::this_thread::sleep_for(20 * options.interval);
    EXPECT_EQ(living->current().version, version);
    EXPECT_THAT(names(), ElementsAre("Ada", "Bob", "Grace"));
    EXPECT_EQ(living->unsaved(), 1U);
}

TEST_F(Living, OverwritesNoFileThatItCannotRead) {
    options.interval = std::chrono::hours(1);
    open(file);
    living->change(enrolled("Grace", 1));
    write(file, {"Eve"}, "somebody-elses");
    EXPECT_THROW(living->save(), cv::Exception);
    EXPECT_THAT(inFile(file), ElementsAre("Eve"));
    EXPECT_EQ(living->unsaved(), 1U);
    fs::remove(file);
    living->save();
    EXPECT_THAT(inFile(file), ElementsAre("Ada", "Grace"));
}

TEST_F(Living, DoesNotSaveWhileAnotherProgramChangesTheFile) {
    open(file);
    living->change(enrolled("Grace", 1));
    {
        const drgan::enrolment::GalleryLock lock(file);
        EXPECT_THROW(living->save(), std::runtime_error);
    }
    EXPECT_THAT(inFile(file), ElementsAre("Ada"));
    living->save();
    EXPECT_THAT(inFile(file), ElementsAre("Ada", "Grace"));
    EXPECT_FALSE(fs::exists(dir.path() + "/.people.gallery.lock"));
}

TEST_F(Living, DropsAndReportsWhatWasNotSavedWhenAnotherFileIsUsed) {
    open(file);
    living->change(enrolled("Grace", 1));
    const std::string other = dir.path() + "/other.gallery";
    write(other, {"Bob"});
    living->use(other);
    EXPECT_TRUE(soonHas({"Bob"}));
    EXPECT_TRUE(waitFor([&] { return reported().size() == 1; }));
    EXPECT_THAT(reported().back(), HasSubstr("1 changes were not saved"));
}

TEST_F(Living, GetsAnIndexWhereItIsLarge) {
    if (!Gallery::hasIndexes()) {
        GTEST_SKIP() << "this build has no indexes";
    }
    options.indexedFrom = 1000;
    const auto gallery = Gallery::createEmpty(8, "tiny");
    cv::RNG random(1);
    cv::Mat embedding(1, 8, CV_32F);
    const auto grow = [&](int to) {
        for (int i = gallery->size(); i < to; ++i) {
            random.fill(embedding, cv::RNG::NORMAL, 0, 1);
            gallery->addFused("person " + std::to_string(i), embedding, 0.5, 1);
        }
        gallery->save(file);
    };
    grow(999);
    open(file);
    std::this_thread::sleep_for(10 * options.interval);
    EXPECT_EQ(living->current().gallery->indexType(), Gallery::INDEX_EXACT);
    grow(1200);
    EXPECT_TRUE(waitFor([&] { return living->current().gallery->size() == 1200; }));
    EXPECT_EQ(living->current().gallery->indexType(), Gallery::INDEX_IVF) << "it has its index before it is used";
    for (int i = 0; i < 70; ++i) {
        random.fill(embedding, cv::RNG::NORMAL, 0, 1);
        auto change = enrolled("new " + std::to_string(i), 0);
        change.embedding = embedding.clone();
        living->change(change);
    }
    living->use(file);  // wakes the thread
    EXPECT_TRUE(waitFor([&] { return living->current().gallery->outsideIndex() == 0; })) << "it is built again";
    open(file);  // from the start
    EXPECT_TRUE(waitFor([&] { return living->current().gallery->indexType() == Gallery::INDEX_IVF; }));
    EXPECT_THAT(reported(), IsEmpty());
}

TEST_F(Living, ServesReadersWritersAndReplacedFilesAtOnce) {
    open(file);
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            const auto current = living->current();
            std::vector<cv::String> found;
            cv::Mat similarities;
            current.gallery->search(axis(0), 1, found, similarities);
        }
    });
    std::thread other([&] {  // another program: changes the file under its lock
        for (int i = 0; i < 20; ++i) {
            const drgan::enrolment::GalleryLock lock(file);
            const auto gallery = Gallery::load(file);
            gallery->addFused("other " + std::to_string(i), axis(2), 0.5, 1);
            gallery->save(file);
        }
    });
    for (int i = 0; i < 20; ++i) {
        living->change(enrolled("mine " + std::to_string(i), 1));
        if (i % 3 == 0) {
            while (true) {
                try {
                    living->save();
                    break;
                } catch (const std::runtime_error&) {  // locked by the other
                }
            }
        }
    }
    other.join();
    while (true) {
        try {
            living->save();
            break;
        } catch (const std::runtime_error&) {
        }
    }
    done = true;
    reader.join();
    EXPECT_EQ(inFile(file).size(), 41U) << "everybody of both, and Ada";
    EXPECT_TRUE(waitFor([&] { return names().size() == 41U; }));
    EXPECT_THAT(reported(), IsEmpty());
}

}  // namespace
