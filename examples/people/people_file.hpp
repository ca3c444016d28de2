// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_PEOPLE_FILE_HPP
#define DRGAN_EXAMPLES_PEOPLE_PEOPLE_FILE_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

namespace drgan::people {

/// The gallery's file. The element changes it, and takes up what is changed here.
class PeopleFile {
public:
    struct Person {
        std::string name;
        int images = 0;  ///< pictures fused
    };

    /// Creates an empty gallery if there is no such file.
    /// @param bundle folder of the models; empty: the default bundle
    /// @throws std::runtime_error if the file cannot be read or created, or is another bundle's
    PeopleFile(std::string path, const std::string& bundle);

    /// Those of the file's newest version, sorted by name. A file that cannot be read now does not change the list.
    const std::vector<Person>& people();
    bool contains(const std::string& name);

    /// Adds an aligned picture to a person, who is added if there is none of that name.
    /// @param face PNG, as the element's messages have it
    /// @param picture its name in the gallery: SOURCE TIME "track" ID, as the element names those that it enrols
    /// @throws std::runtime_error if it is impossible; the file is then as before
    void enroll(const std::string& name, const std::string& face, const std::string& picture);

    /// Removes the newest picture of a track from a person, and the person with their last picture.
    /// @throws std::runtime_error if it is impossible; the file is then as before
    void takeBack(const std::string& name, const std::string& source, unsigned track);

    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::string stamp_;
    std::vector<Person> people_;
    cv::Ptr<cv::drgan::Encoder> encoder_;
};

}  // namespace drgan::people

#endif
