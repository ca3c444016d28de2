// SPDX-License-Identifier: Apache-2.0
//
// Formats, orientations and incomplete files: read correctly, or refused with advice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "made_files.hpp"
#include "picture_file.hpp"
#include "pictures.hpp"
#include "tiny_onnx.hpp"

namespace {

using namespace drgan_test;
using drgan::enrolment::isPicture;
using drgan::enrolment::makeUpright;
using drgan::enrolment::readPicture;
using drgan::enrolment::turned;
using testing::HasSubstr;

class PictureFile : public testing::Test {
protected:
    /// Red, green, blue and white quarters, wider than high, so that every orientation looks different.
    static cv::Mat quarters(cv::Size size = {48, 32}) {
        cv::Mat out(size, CV_8UC3, cv::Scalar(255, 255, 255));
        const cv::Size half(size.width / 2, size.height / 2);
        out(cv::Rect({0, 0}, half)).setTo(cv::Scalar(0, 0, 255));
        out(cv::Rect({half.width, 0}, half)).setTo(cv::Scalar(0, 255, 0));
        out(cv::Rect({0, half.height}, half)).setTo(cv::Scalar(255, 0, 0));
        return out;
    }
    /// The picture to store so that an orientation makes it upright.
    static cv::Mat stored(const cv::Mat& upright, int orientation) {
        for (int other = 1; other <= 8; ++other) {
            cv::Mat tried = upright.clone(), back;
            makeUpright(tried, other);
            back = tried.clone();
            makeUpright(back, orientation);
            if (back.size() == upright.size() && cv::norm(back, upright, cv::NORM_INF) == 0) return tried;
        }
        ADD_FAILURE() << "no inverse of " << orientation;
        return upright;
    }
    static double meanDifference(const cv::Mat& a, const cv::Mat& b) {
        return a.size() == b.size() && a.type() == b.type() ? cv::norm(a, b, cv::NORM_L1) / (3. * a.total()) : 1e9;
    }
    std::string write(const std::string& name, const Buffer& bytes) const {
        return save(dir.path() + "/" + name, bytes);
    }
    std::string refused(const std::string& name, const Buffer& bytes) const {
        try {
            readPicture(write(name, bytes));
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "read";
    }
    TempDir dir;
};

TEST_F(PictureFile, EveryOrientationOfEveryFormatIsMadeUpright) {
    // As in Exif's table: 6 means that the picture has to be rotated clockwise.
    cv::Mat six = quarters(), expected;
    cv::rotate(quarters(), expected, cv::ROTATE_90_CLOCKWISE);
    makeUpright(six, 6);
    EXPECT_EQ(meanDifference(six, expected), 0);
    cv::Mat eight = quarters(), three = quarters(), two = quarters();
    cv::rotate(quarters(), expected, cv::ROTATE_90_COUNTERCLOCKWISE);
    makeUpright(eight, 8);
    EXPECT_EQ(meanDifference(eight, expected), 0);
    cv::rotate(quarters(), expected, cv::ROTATE_180);
    makeUpright(three, 3);
    EXPECT_EQ(meanDifference(three, expected), 0);
    cv::flip(quarters(), expected, 1);
    makeUpright(two, 2);
    EXPECT_EQ(meanDifference(two, expected), 0);

    for (int orientation = 1; orientation <= 8; ++orientation) {
        const cv::Mat in = stored(quarters(), orientation);
        for (const bool bigEndian : {false, true}) {
            const Buffer tag = exif(orientation, bigEndian);
            SCOPED_TRACE(cv::format("orientation %d, big-endian %d", orientation, bigEndian));
            for (const auto& [name, bytes] :
                 {std::make_pair("a.jpg", jpegWithExif(in, tag)), std::make_pair("a.png", pngWithExif(in, tag)),
                  std::make_pair("a.webp", webpWithExif(in, tag))}) {
                const auto picture = readPicture(write(name, bytes));
                EXPECT_EQ(picture.orientation, orientation) << name;
                EXPECT_LT(meanDifference(picture.pixels, quarters()), 8) << name;
            }
        }
        for (int turns = 0; turns < 4; ++turns) {
            cv::Mat once = in.clone(), twice = in.clone();
            makeUpright(once, turned(orientation, turns));
            makeUpright(twice, orientation);
            for (int i = 0; i < turns; ++i) {
                cv::Mat next;
                cv::rotate(twice, next, cv::ROTATE_90_CLOCKWISE);
                twice = next;
            }
            EXPECT_EQ(meanDifference(once, twice), 0) << orientation << " and " << turns << " turns";
        }
    }
    EXPECT_EQ(readPicture(write("wrong.jpg", jpegWithExif(quarters(), exif(9, true)))).orientation, 1);
    EXPECT_EQ(readPicture(write("short.jpg", jpegWithExif(quarters(), {'M', 'M', 0, 42, 0, 0}))).orientation, 1);
}

TEST_F(PictureFile, ReadsEightAndSixteenBitsInColourAndGrey) {
    const cv::Mat picture = quarters();
    cv::Mat grey, alpha, deep, deepGrey;
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    cv::cvtColor(picture, alpha, cv::COLOR_BGR2BGRA);
    picture.convertTo(deep, CV_16U, 257);
    grey.convertTo(deepGrey, CV_16U, 257);
    cv::Mat expectedGrey;
    cv::cvtColor(grey, expectedGrey, cv::COLOR_GRAY2BGR);
    const struct {
        const char* name;
        Buffer bytes;
        cv::Mat expected;
    } cases[] = {{"a.png", encoded(picture, ".png"), picture},
                 {"alpha.png", encoded(alpha, ".png"), picture},
                 {"deep.png", encoded(deep, ".png"), picture},
                 {"grey.png", encoded(grey, ".png"), expectedGrey},
                 {"deepgrey.png", encoded(deepGrey, ".png"), expectedGrey},
                 {"a.bmp", encoded(picture, ".bmp"), picture},
                 {"grey.bmp", encoded(grey, ".bmp"), expectedGrey},
                 {"a.tif", encoded(picture, ".tif"), picture},
                 {"deep.tif", encoded(deep, ".tif"), picture},
                 {"grey.tif", encoded(grey, ".tif"), expectedGrey},
                 {"made.tif", tiff(picture), picture},
                 {"mm.tif", tiff(picture, {8, 2, 1, 1, true}), picture},
                 {"deep16.tif", tiff(picture, {16}), picture},
                 {"deepmm.tif", tiff(picture, {16, 2, 1, 1, true}), picture},
                 {"a.ppm", encoded(picture, ".ppm"), picture},
                 {"a.webp", encoded(picture, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101}), picture},
                 {"a.jp2", encoded(picture, ".jp2", {cv::IMWRITE_JPEG2000_COMPRESSION_X1000, 1000}), picture}};
    for (const auto& c : cases) {
        const std::string file = write(c.name, c.bytes);
        EXPECT_TRUE(isPicture(file)) << c.name;
        EXPECT_LE(cv::norm(readPicture(file).pixels, c.expected, cv::NORM_INF), 3) << c.name;
    }
    EXPECT_LT(meanDifference(readPicture(write("grey.jpg", encoded(grey, ".jpg"))).pixels, expectedGrey), 3);
}

TEST_F(PictureFile, CmykIsReadWhereItSaysHowItIsMeant) {
    const cv::Mat pixels = readPicture(write("adobe.jpg", cmykJpeg({255, 0, 255, 255}, true))).pixels;
    ASSERT_EQ(pixels.size(), cv::Size(8, 8));
    EXPECT_LT(cv::norm(pixels.at<cv::Vec3b>(4, 4), cv::Vec3b(255, 0, 255), cv::NORM_INF), 4) << "magenta";
    EXPECT_THAT(refused("plain.jpg", cmykJpeg({0, 255, 0, 0}, false)), HasSubstr("save it as RGB"));
    EXPECT_THAT(refused("cmyk.tif", tiff(quarters(), {8, 5})), HasSubstr("save it as RGB"));
}

TEST_F(PictureFile, WhatIsNotReadSaysWhatToDo) {
    EXPECT_THAT(refused("a.gif", gif()), HasSubstr("save one picture of it as a PNG"));
    EXPECT_THAT(refused("a.webp", animatedWebp()), HasSubstr("save one picture of it as a PNG"));
    EXPECT_THAT(refused("turned.tif", tiff(quarters(), {8, 2, 6})), HasSubstr("save it upright"));
    EXPECT_THAT(refused("float.tif", tiff(quarters(), {32, 2, 1, 3})), HasSubstr("8 bits a channel"));
    EXPECT_THAT(refused("lab.tif", tiff(quarters(), {8, 8})), HasSubstr("save it as RGB"));
    Buffer heic;
    putText(put(heic, 24, 4, true), "ftypheic" + std::string(12, '\0'));
    EXPECT_THAT(refused("a.heic", heic), HasSubstr("save it as a JPEG or PNG"));
    EXPECT_THAT(refused("empty.jpg", {}), HasSubstr("is empty"));
    EXPECT_THAT(refused("text.jpg", {'h', 'e', 'l', 'l', 'o'}), HasSubstr("not a picture"));
    EXPECT_FALSE(isPicture(dir.path() + "/text.jpg"));
    EXPECT_FALSE(isPicture(dir.path() + "/nothing.jpg"));
    EXPECT_FALSE(isPicture(dir.path()));
    EXPECT_FALSE(isPicture(write("a.MJPEG", encoded(quarters(), ".jpg")))) << "a video";
    EXPECT_THROW(readPicture(dir.path() + "/nothing.jpg"), std::runtime_error);
    Buffer twelve = encoded(quarters(), ".jpg");
    for (size_t i = 0; i + 4 < twelve.size(); ++i) {
        if (twelve[i] == 0xff && twelve[i + 1] == 0xc0) {
            twelve[i + 4] = 12;
            break;
        }
    }
    EXPECT_THAT(refused("twelve.jpg", twelve), HasSubstr("12 bits"));
}

TEST_F(PictureFile, CutOffFilesAreRefusedWhereverTheyEnd) {
    cv::Mat photo = noisePicture({80, 60}, CV_8UC3, 3), deep;
    cv::GaussianBlur(photo, photo, {}, 2);
    photo.convertTo(deep, CV_16U, 257);
    // A thumbnail has its own end marker.
    Buffer thumbnail = exif(1, true);
    put(thumbnail, encoded(quarters(), ".jpg"));
    const std::pair<const char*, Buffer> whole[] = {
        {"a.jpg", encoded(photo, ".jpg")},
        {"progressive.jpg", encoded(photo, ".jpg", {cv::IMWRITE_JPEG_PROGRESSIVE, 1})},
        {"restarts.jpg", encoded(photo, ".jpg", {cv::IMWRITE_JPEG_RST_INTERVAL, 2})},
        {"thumbnail.jpg", jpegWithExif(photo, thumbnail)},
        {"a.png", encoded(photo, ".png")},
        {"deep.png", encoded(deep, ".png")},
        {"a.webp", encoded(photo, ".webp")},
        {"exif.webp", webpWithExif(photo, exif(1, true))},
        {"a.bmp", encoded(photo, ".bmp")},
        {"a.tif", encoded(photo, ".tif")},
        {"made.tif", tiff(photo)}};
    for (const auto& [name, bytes] : whole) {
        EXPECT_EQ(refused(name, bytes), "read") << name;
        Buffer longer = bytes;
        longer.insert(longer.end(), 1000, 'x');  // phones append data: a video, a depth map
        EXPECT_EQ(refused(name, longer), "read") << name << " with data appended";
        for (const double share : {0.35, 0.5, 0.75, 0.9, 0.98}) {
            const auto kept = static_cast<std::ptrdiff_t>(static_cast<double>(bytes.size()) * share);
            const Buffer cut(bytes.begin(), bytes.begin() + kept);
            EXPECT_THAT(refused(name, cut), testing::AnyOf(HasSubstr("cut off"), HasSubstr("damaged")))
                << name << " cut off to " << share << " of its length";
            // As a program leaves a file that it allocates before it downloads.
            Buffer zeros = cut;
            zeros.resize(bytes.size());
            if (std::string(name).find(".jpg") != std::string::npos) {
                EXPECT_THAT(refused(name, zeros), HasSubstr("cut off")) << name << ", then zeros";
            }
        }
    }
}

// Arbitrary bytes give a result and no crash.
TEST_F(PictureFile, NoBytesCrashIt) {
    cv::RNG random(5);
    const Buffer seeds[] = {jpegWithExif(quarters(), exif(6, true)), pngWithExif(quarters(), exif(6, false)),
                            webpWithExif(quarters(), exif(6, false)), encoded(quarters(), ".bmp"), tiff(quarters())};
    for (const Buffer& seed : seeds) {
        for (int i = 0; i < 200; ++i) {
            Buffer bytes = seed;
            for (int k = random.uniform(1, 6); k > 0; --k) {
                bytes[static_cast<size_t>(random.uniform(4, static_cast<int>(bytes.size())))] =
                    static_cast<unsigned char>(random.uniform(0, 256));
            }
            refused("any", bytes);
        }
    }
}

}  // namespace
