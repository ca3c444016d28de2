// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "people_files.hpp"
#include "tiny_onnx.hpp"

namespace {

namespace fs = std::filesystem;
using drgan::enrolment::findSources;
using drgan::enrolment::Sources;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FindSources : public testing::Test {
protected:
    void touch(const std::string& file) const {
        fs::create_directories(fs::path(path(file)).parent_path());
        std::ofstream(path(file)) << "x";
    }
    std::string path(const std::string& file) const { return dir.path() + "/" + file; }
    std::vector<std::string> list(const Sources& sources) const {
        std::vector<std::string> out;
        for (const auto& s : sources.files) out.push_back(s.name + "=" + s.file.substr(dir.path().size() + 1));
        return out;
    }
    std::string reason(const Sources& sources, const std::string& file) const {
        for (const auto& aside : sources.aside) {
            if (aside.file == path(file)) return aside.reason;
        }
        return "not there";
    }
    drgan_test::TempDir dir;
};

TEST_F(FindSources, TakesAFolderPerPerson) {
    for (const char* file : {"Ada/b.jpg", "Ada/a.jpg", "Ada/2019/c.jpg", "Ada/.thumbs/t.jpg", "Grace/.x", "Grace/d.mp4",
                             ".git/e.jpg", "stray.jpg"}) {
        touch(file);
    }
    const Sources people = findSources({dir.path()}, "");
    EXPECT_THAT(list(people), ElementsAre("Ada=Ada/2019/c.jpg", "Ada=Ada/a.jpg", "Ada=Ada/b.jpg", "Grace=Grace/d.mp4"));
    EXPECT_EQ(people.aside.size(), 1U);
    EXPECT_EQ(reason(people, "stray.jpg"), "is not in a person's folder");
    EXPECT_THAT(list(findSources({path("stray.jpg"), path("Grace")}, "Eve")),
                ElementsAre("Eve=stray.jpg", "Eve=Grace/d.mp4"));
    EXPECT_THROW(findSources({path("nowhere")}, ""), std::runtime_error);
    EXPECT_THROW(findSources({path("stray.jpg")}, ""), std::runtime_error);
}

TEST_F(FindSources, NamesWhatCannotBeReadAndGoesOn) {
    touch("Ada/a.jpg");
    touch("Ada/z.jpg");
    touch("elsewhere/photo.jpg");
    fs::create_directories(path("people"));
    fs::rename(path("Ada"), path("people/Ada"));
    fs::create_symlink("self", path("people/Ada/self"));
    fs::create_symlink("nothing", path("people/Ada/gone.jpg"));
    fs::create_directory_symlink(path("people"), path("people/Ada/round"));
    fs::create_symlink(path("elsewhere/photo.jpg"), path("people/Ada/photo.jpg"));
    fs::create_directory_symlink(path("elsewhere"), path("people/Else"));
    fs::create_symlink("me", path("people/me"));
    ASSERT_EQ(::mkfifo(path("people/Ada/pipe").c_str(), 0600), 0);
    const Sources found = findSources({path("people")}, "");
    EXPECT_THAT(list(found), ElementsAre("Ada=people/Ada/a.jpg", "Ada=people/Ada/photo.jpg", "Ada=people/Ada/z.jpg",
                                         "Else=people/Else/photo.jpg"));
    EXPECT_THAT(reason(found, "people/Ada/self"), HasSubstr("levels of symbolic links"));
    EXPECT_THAT(reason(found, "people/Ada/gone.jpg"), HasSubstr("No such file"));
    EXPECT_THAT(reason(found, "people/Ada/round"), HasSubstr("is a link to a folder"));
    EXPECT_THAT(reason(found, "people/Ada/pipe"), HasSubstr("is not a file"));
    EXPECT_THAT(reason(found, "people/me"), HasSubstr("levels of symbolic links"));
    EXPECT_EQ(found.aside.size(), 5U);
    EXPECT_THAT(list(findSources({path("people/Ada")}, "Ann")).size(), 3U);
}

TEST_F(FindSources, AFolderThatMayNotBeReadEndsNothing) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    touch("Ada/locked/a.jpg");
    touch("Ada/z.jpg");
    fs::permissions(path("Ada/locked"), fs::perms::none);
    const Sources found = findSources({dir.path()}, "");
    fs::permissions(path("Ada/locked"), fs::perms::owner_all);
    EXPECT_THAT(list(found), ElementsAre("Ada=Ada/z.jpg"));
    EXPECT_THAT(reason(found, "Ada/locked"), HasSubstr("ermission denied"));
}

}  // namespace
