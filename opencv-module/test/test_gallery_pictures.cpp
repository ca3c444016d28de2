// SPDX-License-Identifier: Apache-2.0
//
// Stored pictures of a person: added, listed, removed; and renaming people.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "expect_error.hpp"
#include "gallery_people.hpp"
#include "tiny_onnx.hpp"

using cv::Mat;
using cv::drgan::Gallery;
using drgan_test::expectError;
using drgan_test::personOf;
using drgan_test::randomRows;
using drgan_test::sameContent;
using drgan_test::search;
using drgan_test::TempDir;

namespace {

constexpr int length = 24;
using Labels = std::vector<cv::String>;

class GalleryPictures : public testing::Test {
protected:
    /// @param but index of a picture of Ann's that is left out; 4: none
    cv::Ptr<Gallery> made(int but = 4) const {
        const auto gallery = Gallery::createEmpty(length, "tiny");
        gallery->add("Bob", rows.row(5), 0.5f);
        for (int i = 0; i < 4; ++i) {
            if (i != but) gallery->addPicture("Ann", rows.row(i), 0.1 + 0.2 * i, 1 + i, cv::format("%d.jpg", i));
        }
        return gallery;
    }
    std::string bytes(const Gallery& gallery) const {
        gallery.save(dir.path() + "/g");
        std::ifstream file(dir.path() + "/g", std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    const Mat rows = randomRows(8, length, 1);
    TempDir dir;
};

TEST_F(GalleryPictures, AreListedAndSaved) {
    made()->save(dir.path() + "/people");
    for (const auto& gallery : {made(), Gallery::load(dir.path() + "/people")}) {
        EXPECT_EQ(gallery->pictures("Ann"), (Labels{"0.jpg", "1.jpg", "2.jpg", "3.jpg"}));
        EXPECT_EQ(gallery->pictures("Bob"), Labels());
        EXPECT_EQ(personOf(*gallery, "Ann").images, 10);
        Mat embedding;
        double total = 0;
        int images = 0;
        gallery->picture("Ann", "2.jpg", embedding, total, images);
        EXPECT_EQ(cv::norm(embedding, rows.row(2), cv::NORM_INF), 0);
        EXPECT_EQ(total, 0.1 + 0.2 * 2);
        EXPECT_EQ(images, 3);
        embedding.setTo(0);  // does not change the gallery
        gallery->picture("Ann", "2.jpg", embedding, total, images);
        EXPECT_GT(cv::norm(embedding), 0);
    }
}

TEST_F(GalleryPictures, OneThatIsTakenOutWasNeverIn) {
    for (const bool saved : {false, true}) {
        for (int out = 0; out < 4; ++out) {
            auto gallery = made();
            if (saved) {
                gallery->save(dir.path() + "/people");
                gallery = Gallery::load(dir.path() + "/people");
            }
            EXPECT_TRUE(gallery->removePicture("Ann", cv::format("%d.jpg", out)));
            EXPECT_TRUE(sameContent(*gallery, *made(out))) << out;
            EXPECT_EQ(bytes(*gallery), bytes(*made(out))) << out;
            const Mat query = rows.row(out);
            EXPECT_EQ(cv::norm(search(*gallery, query, 2).similarities, search(*made(out), query, 2).similarities,
                               cv::NORM_INF),
                      0);
        }
    }
}

TEST_F(GalleryPictures, WithTheLastOneThePersonGoes) {
    const auto gallery = made();
    for (const char* const label : {"1.jpg", "0.jpg", "3.jpg", "2.jpg"}) {
        EXPECT_TRUE(gallery->contains("Ann"));
        EXPECT_TRUE(gallery->removePicture("Ann", label));
    }
    EXPECT_FALSE(gallery->contains("Ann"));
    gallery->add("Ann", rows.row(0), 1);
    EXPECT_EQ(gallery->pictures("Ann"), Labels()) << "somebody else of that name";
    gallery->addPicture("Eve", rows.row(1), 1, 1, "e");
    gallery->remove("Eve");
    gallery->add("Eve", rows.row(1), 1);
    EXPECT_EQ(gallery->pictures("Eve"), Labels());
}

TEST_F(GalleryPictures, WhatWasNotKeptCannotBeTakenApart) {
    const auto gallery = made();
    gallery->add("Ann", rows.row(6), 0.5f);
    const std::string before = bytes(*gallery);
    expectError([&] { gallery->removePicture("Ann", "1.jpg"); }, {"\"1.jpg\"", "11 images", "only 10 are stored"});
    EXPECT_EQ(bytes(*gallery), before);
    EXPECT_FALSE(gallery->removePicture("Ann", "9.jpg"));
    EXPECT_FALSE(gallery->removePicture("Bob", "1.jpg"));
    expectError([&] { gallery->removePicture("Eve", "1.jpg"); }, {"\"Eve\"", "no such person"});
    expectError([&] { gallery->pictures("Eve"); }, {"no such person"});
    Mat embedding;
    double total = 0;
    int images = 0;
    expectError([&] { gallery->picture("Ann", "9.jpg", embedding, total, images); }, {"\"9.jpg\"", "the 4 stored"});
    expectError([&] { gallery->addPicture("Ann", rows.row(6), 1, 1, "1.jpg"); },
                {"already has a picture of this name"});
    expectError([&] { gallery->addPicture("Ann", rows.row(6), 1, 1, ""); }, {"picture"});
    expectError([&] { gallery->addPicture("Ann", rows.row(6), 1, 1, "a\nb"); }, {"control character"});
    EXPECT_EQ(bytes(*gallery), before);
}

TEST_F(GalleryPictures, PeopleGetAnotherName) {
    const auto gallery = made();
    gallery->buildIndex(Gallery::INDEX_EXACT);
    const auto before = personOf(*gallery, "Ann");
    gallery->rename("Ann", "Zoë");
    EXPECT_EQ(gallery->names(), (Labels{"Bob", "Zoë"}));
    EXPECT_FALSE(gallery->contains("Ann"));
    EXPECT_EQ(cv::norm(personOf(*gallery, "Zoë").embedding, before.embedding, cv::NORM_INF), 0);
    EXPECT_EQ(search(*gallery, before.embedding, 1).names[0], "Zoë");
    EXPECT_EQ(gallery->pictures("Zoë").size(), 4u);
    EXPECT_TRUE(gallery->removePicture("Zoë", "0.jpg"));
    expectError([&] { gallery->rename("Ann", "Eve"); }, {"\"Ann\"", "no such person"});
    expectError([&] { gallery->rename("Zoë", "Bob"); }, {"\"Bob\"", "there is already such a person"});
    expectError([&] { gallery->rename("Zoë", "a\nb"); }, {"control character"});
    gallery->rename("Bob", "Bob");
    const std::string saved = bytes(*gallery);
    EXPECT_TRUE(sameContent(*Gallery::load(dir.path() + "/g"), *gallery));
    gallery->rename("Zoë", "Ann");
    gallery->rename("Ann", "Zoë");
    EXPECT_EQ(bytes(*gallery), saved);
}

}  // namespace
