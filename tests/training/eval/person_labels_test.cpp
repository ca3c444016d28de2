// SPDX-License-Identifier: Apache-2.0

#include "eval/person_labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "temporary_folder.hpp"

namespace drgan::eval {
namespace {

using drgan::test::messageOf;
using drgan::test::TemporaryFolder;
using drgan::test::writeText;
using testing::AllOf;
using testing::HasSubstr;

Persons named(const std::vector<std::string>& names) {
    Persons persons;
    for (const std::string& name : names) {
        persons.emplace_back();
        persons.back().name = name;
    }
    return persons;
}

class PersonLabelsFile : public testing::Test {
protected:
    std::vector<PersonLabels> read(const std::string& text, const Persons& persons = named({"ann", "bob"})) {
        writeText(path, text);
        return readPersonLabels(path, persons);
    }
    std::string message(const std::string& text) {
        return messageOf([&] { read(text); });
    }
    TemporaryFolder folder_;
    const std::string path = folder_ / "labels.csv";
};

TEST_F(PersonLabelsFile, GivesWhatItSaysOfEachPerson) {
    const auto labels = read(
        "file,race,person,yaw_deg,age\n"
        "1.jpg,,ann,3,20-29\n"
        "2.jpg,\"Black, African\",bob,,\n"
        "3.jpg,White,ann,,\n"
        "4.jpg,White,eve,,more than 70\n",
        named({"bob", "nobody", "ann"}));
    ASSERT_EQ(labels.size(), 3U);
    EXPECT_EQ(labels[0].race, "Black, African");
    EXPECT_EQ(labels[0].age, "");
    EXPECT_EQ(labels[1].race, "");
    EXPECT_EQ(labels[2].race, "White");  // of another line than the age
    EXPECT_EQ(labels[2].age, "20-29");
    EXPECT_EQ(labels[2].gender, "");
}

TEST_F(PersonLabelsFile, SaysWhatIsWrongWithIt) {
    EXPECT_THAT(message("name,age\nann,20-29\n"),
                AllOf(HasSubstr("labels.csv: line 1: there is no column 'person'"), HasSubstr("found name, age")));
    EXPECT_THAT(message("person,sex\nann,Female\n"),
                AllOf(HasSubstr("line 1: there is no column 'age', 'gender' or 'race'"), HasSubstr("person, sex")));
    EXPECT_THAT(message("person,age,age\nann,1,2\n"), HasSubstr("there are 2 columns 'age', expected one"));
    EXPECT_THAT(message("person,age\n\nann\n"), HasSubstr("labels.csv: line 3: 1 fields, expected 2"));
    EXPECT_THAT(message("person,age\n,20-29\n"), HasSubstr("line 2: person is empty"));
    EXPECT_THAT(message("person,gender\nann,Female\nann,\nann,Male\n"),
                HasSubstr("line 4: gender of 'ann' is 'Male', expected 'Female'"));
    EXPECT_THAT(message("person,gender\neve,Female\nann,\n"),
                HasSubstr("labels of 2 people, but of none of the 2 strangers, such as 'ann'"));
    EXPECT_THAT(message(""), AllOf(HasSubstr("labels.csv"), HasSubstr("empty")));
}

}  // namespace
}  // namespace drgan::eval
