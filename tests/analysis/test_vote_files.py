"""Files of votes: read whole and rightly, or refused with every problem, its line, its value and what to do."""

import csv
import io
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.vote_files import Choices, VoteFileError, read_votes
from analysis.vote_files import tables as reading

MINIMAL = "item,evaluator,treatment,control,preferred_treatment\n"


@pytest.fixture
def read(tmp_path):
    def reader(content, **choices):
        path = tmp_path / "votes.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_votes(path, Choices(**choices))

    return reader


@pytest.fixture
def problems(read):
    def told(content, **choices):
        with pytest.raises(VoteFileError) as refused:
            read(content, **choices)
        return refused.value.problems

    return told


def rows_of(votes):
    """The votes as plain rows, in their order."""
    return [
        (
            votes.contrasts[votes.contrast[i]].key,
            votes.items.names[votes.items.codes[i]] if votes.items else None,
            votes.evaluators.names[votes.evaluators.codes[i]] if votes.evaluators else None,
            votes.halves[i] / 2,
            int(votes.side[i]),
        )
        for i in range(len(votes))
    ]


def test_the_five_columns_that_are_needed_are_enough(read):
    found = read(MINIMAL + "i2,e1,social,random,1\ni1,e2,social,random,0.5\ni1,e1,social,rude,0\n")

    assert rows_of(found.votes) == [
        ("social:random", "i1", "e2", 0.5, -1),
        ("social:random", "i2", "e1", 1.0, -1),
        ("social:rude", "i1", "e1", 0.0, -1),
    ]
    assert found.votes.counted.all()
    assert (found.rows, found.study, found.question, found.rehearsal) == (3, "", "", False)


def test_what_an_export_says_besides_is_used(read):
    header = "kind,question,trial_index,rt_ms,excluded,exclusion_reason,chosen_side,rehearsal,study,person,"
    found = read(
        header + MINIMAL
        + "main,q,3,1500,0,,left,0,s,p1,i1,e1,a,b,1\n"
        + "main,q,4,,1,too_fast; odd,right,0,s,p1,i1,e2,a,b,1\n"
        + "practice,q,1,900,0,,left,0,s,,i9,e1,,,\n"
        + "main,q,1,900,0,,right,1,s,p1,i1,e7,a,b,0\n"
    )  # fmt: skip

    votes = found.votes
    assert rows_of(votes) == [("a:b", "i1", "e1", 1.0, 0), ("a:b", "i1", "e2", 1.0, 1)]
    assert votes.counted.tolist() == [True, False]
    assert [votes.reason.names[code] for code in votes.reason.codes] == ["", "too_fast"]
    assert votes.position.tolist() == [3.0, 4.0]
    assert (votes.rt_ms[0], np.isnan(votes.rt_ms[1])) == (1500.0, True)
    assert votes.people.names == ("p1",)
    assert (found.study, found.question) == ("s", "q")
    assert found.notes == (
        "Left out: 1 row of practice, checks or retests.",
        "Left out: 1 row of a rehearsal.",
    )


def test_how_clear_a_vote_is_is_read_and_of_a_turned_round_pair_stays(read, problems):
    told = MINIMAL.replace("item", "strength,item") + "2,i1,e1,a,b,1\n,i2,e1,a,b,0.5\n1,i3,e1,a,b,0\n"

    assert read(told).votes.strength.tolist() == [2, 0, 1]
    assert read(told.replace("1,i3,e1,a,b", "1,i3,e1,b,a"), treatments=("a",)).votes.strength.tolist() == [2, 0, 1]
    assert read(MINIMAL + "i1,e1,a,b,1\n").votes.strength is None
    (problem,) = problems(told.replace("2,i1", "3,i1"))
    assert "strength is '3': write 1 (slightly) or 2 (clearly), or nothing" in problem.replace('"', "'")


def test_a_rehearsal_is_reported_only_when_asked_for(read, problems):
    table = "rehearsal," + MINIMAL + "1,i1,e1,a,b,1\n"

    assert problems(table) == [
        ("votes.csv: all votes are a rehearsal's, simulated and nobody's preference: give --include-rehearsal to "
        "report them.")
    ]
    assert read(table, rehearsal=True).rehearsal


def test_several_questions_or_studies_are_a_choice_to_make(read, problems):
    table = "question,study," + MINIMAL + "q1,s1,i1,e1,a,b,1\nq2,s2,i1,e1,a,b,0\n"

    assert problems(table) == [
        ("votes.csv: it holds 2 different values of 'study' (s1, s2): choose one with --study, or remove the column "
        "to pool them."),
        "votes.csv: it holds 2 different values of 'question' (q1, q2): choose one with --question.",
    ]
    assert rows_of(read(table, question="q2", study="s2").votes) == [("a:b", "i1", "e1", 0.0, -1)]
    assert "no vote has 'q9' in 'question'" in problems(table, question="q9", study="s2")[0]


def test_triplets_are_directed_by_the_alphabet_or_as_told(read):
    table = "model_a,model_b,winner\nrude,social,model_b\nsocial,rude,social\nrude,social,rude\n"
    table += "rude,social,tie (bothbad)\n"

    by_name = read(table).votes
    told = read(table, treatments=("social",)).votes

    assert [contrast.key for contrast in by_name.contrasts] == ["rude:social"]
    assert sorted(by_name.halves.tolist()) == [0, 0, 1, 2]
    assert [contrast.key for contrast in told.contrasts] == ["social:rude"]
    assert sorted(told.halves.tolist()) == [0, 1, 2, 2]
    assert (by_name.items, by_name.evaluators) == (None, None)


def test_a_file_that_names_the_treatment_keeps_it(read):
    found = read(MINIMAL + "i1,e1,a,b,1\n", treatments=("b",))

    assert [contrast.key for contrast in found.votes.contrasts] == ["a:b"]
    assert found.notes[-1] == "The file itself says which of two is the treatment, so --treatment changes nothing."


def test_a_pair_whose_treatment_changes_from_row_to_row_is_one_group_or_refused(read, problems):
    table = MINIMAL + "i1,e1,a,b,1\ni2,e1,b,a,0.5\ni3,e1,b,a,1\ni1,e1,b,c,1\n"

    assert problems(table) == problems(table, treatments=("c",)) == [
        ("votes.csv: it names a as treatment of b in some rows and as its control in others: say with --treatment a or "
        "--treatment b whose share to report, and they are read as one comparison group.")
    ]
    assert rows_of(read(table, treatments=("a",)).votes) == [
        ("a:b", "i1", "e1", 1.0, -1), ("a:b", "i2", "e1", 0.5, -1), ("a:b", "i3", "e1", 0.0, -1),
        ("b:c", "i1", "e1", 1.0, -1),
    ]  # fmt: skip
    found = read(table, treatments=("b",))
    assert [contrast.key for contrast in found.votes.contrasts] == ["b:a", "b:c"]
    assert found.notes[-1] == "Turned round, as --treatment says: 1 row."


def test_a_condition_may_be_called_like_a_word(read):
    votes = read("model_a,model_b,winner\nleft,a,a\nleft,a,left\n").votes

    assert [contrast.key for contrast in votes.contrasts] == ["a:left"]
    assert sorted(votes.halves.tolist()) == [0, 2]


def test_sides_are_known_where_the_first_is_said_to_be_on_the_left(read):
    table = "item,judge,model_a,model_b,winner\ni,e,x1,y1,model_a\nj,e,y1,x1,model_a\nk,e,y1,x1,tie\n"

    assert read(table).votes.side.tolist() == [-1, -1, -1]
    assert rows_of(read(table, first_is_left=True).votes) == [
        ("x1:y1", "i", "e", 1.0, 0), ("x1:y1", "j", "e", 0.0, 0), ("x1:y1", "k", "e", 0.5, 2),
    ]  # fmt: skip
    assert "The evaluator is taken from the column 'judge'." in read(table).notes


def test_evalicas_pairs_have_sides(read):
    votes = read("left,right,winner\nm2,m1,left\nm1,m2,left\nm1,m2,tie\n").votes

    assert sorted(zip(votes.halves.tolist(), votes.side.tolist(), strict=True)) == [(0, 0), (1, 2), (2, 0)]


def test_both_of_pwcmps_tables_are_read(read):
    newer = "observer,session_id,scene,condition_B,condition_A,is_A_selected,criterion\n"
    older = "Observer,Session,Scene,Condition_1,Condition_2,Selection\n"

    first = read(newer + "M01,1,window,tmo,ferwerda,0,p\nM01,1,corridor,tmo,ferwerda,1,p\n").votes
    second = read(older + "M01,1,window,tmo,ferwerda,1\nM01,1,corridor,tmo,ferwerda,2\n").votes

    assert rows_of(first) == rows_of(second) == [
        ("ferwerda:tmo", "corridor", "M01", 1.0, -1), ("ferwerda:tmo", "window", "M01", 0.0, -1),
    ]  # fmt: skip


CROWD = "HITId,WorkerId,AssignmentStatus,Input.item,Input.left,Input.right,Answer.choice,Answer.comment\n"


def test_a_batch_of_mechanical_turk(read):
    found = read(
        CROWD
        + "h1,w1,Approved,i1,social,random,left,\n"
        + "h1,w2,Rejected,i1,social,random,right,nonsense\n"
        + "h2,w1,Submitted,i2,random,social,right,\n"
        + "h2,w3,Submitted,i2,random,social,random,\n",
        treatments=("social",),
    )

    votes = found.votes
    assert rows_of(votes) == [
        ("social:random", "i1", "w1", 1.0, 0), ("social:random", "i1", "w2", 0.0, 1),
        ("social:random", "i2", "w1", 1.0, 1), ("social:random", "i2", "w3", 0.0, 0),
    ]  # fmt: skip
    assert votes.counted.tolist() == [True, False, True, True]
    assert [votes.reason.names[code] for code in votes.reason.codes] == ["", "rejected", "", ""]
    assert found.notes == (
        ("Taken for what they are called: answer from Answer.choice, evaluator from WorkerId, item from Input.item, "
        "left from Input.left, right from Input.right."),
        "Not used: Answer.comment.",
    )


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Answer.choice.left,Answer.choice.right", ("true,false", "false,true")),
        ("Answer.taskAnswers", ('"[{""choice"":{""label"":""left""}}]"', '"[{""choice"":{""B"":true,""A"":false}}]"')),
        ("Answer.preference", ("Left", "B")),
    ],
)  # fmt: skip
def test_the_ways_in_which_amazon_writes_an_answer(read, header, cells):
    table = "WorkerId,AssignmentStatus,Input.clip,Input.left,Input.right," + header + "\n"

    votes = read(table + f"w1,Approved,i1,a,b,{cells[0]}\nw2,Approved,i1,a,b,{cells[1]}\n").votes

    assert rows_of(votes) == [("a:b", "i1", "w1", 1.0, 0), ("a:b", "i1", "w2", 0.0, 1)]


def test_a_batch_that_names_treatment_and_its_side(read):
    table = "WorkerId,AssignmentStatus,Input.item,Input.treatment,Input.control,Input.treatment_side,Answer.choice\n"

    votes = read(
        table
        + "w1,Approved,i1,z,a,left,left\n"
        + "w1,Approved,i2,z,a,right,left\n"
        + "w1,Approved,i3,z,a,a,right\n"
        + "w1,Approved,i4,z,a,right,treatment\n"
        + "w1,Approved,i5,z,a,right,tie\n"
    ).votes

    assert rows_of(votes) == [
        ("z:a", "i1", "w1", 1.0, 0), ("z:a", "i2", "w1", 0.0, 0), ("z:a", "i3", "w1", 1.0, 1),
        ("z:a", "i4", "w1", 1.0, 1), ("z:a", "i5", "w1", 0.5, 2),
    ]  # fmt: skip


def test_a_batch_whose_columns_say_nothing_asks_for_them(read, problems):
    table = "WorkerId,AssignmentStatus,Input.one,Input.other,Answer.q1\nw1,Approved,a,b,left\n"

    assert problems(table) == [
        ("votes.csv: no two inputs were recognised as what was shown left and right (inputs: Input.one, Input.other): "
        "say which, as in --columns left=Input.NAME,right=Input.NAME or treatment=Input.NAME,control=Input.NAME."),
        "votes.csv: no answer was recognised as the choice (answers: Answer.q1): say --columns answer=Answer.NAME.",
    ]
    told = {"left": "Input.one", "right": "Input.other", "answer": "Answer.q1"}
    assert rows_of(read(table, columns=told).votes) == [("a:b", None, "w1", 1.0, 0)]


def test_columns_of_any_name_are_given_by_role(read, problems):
    table = "Who;Clip;First;Second;Better\nann;c1;x;y;First\nbob;c1;x;y;y\n"

    columns = {"evaluator": "who", "item": "Clip", "model_a": "First", "model_b": "Second", "winner": "Better"}
    assert rows_of(read(table, columns=columns).votes) == [("x:y", "c1", "ann", 1.0, -1), ("x:y", "c1", "bob", 0.0, -1)]
    assert problems(table, columns={"winner": "Beter", "model_a": "First"}) == [
        ("votes.csv, line 1: --columns says that winner is in column 'Beter', which is not there; its columns are "
        "Who, Clip, First, Second, Better.")
    ]
    assert "there is no role 'winer'" in problems(table, columns={"winer": "Better"})[0]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_are_recognised(read, delimiter):
    table = MINIMAL + "i1,e1,a,b,1\n"

    assert rows_of(read(table.replace(",", delimiter)).votes) == [("a:b", "i1", "e1", 1.0, -1)]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + MINIMAL.encode() + "i1,Jürgen,a,b,1\n".encode(),
        (MINIMAL + "i1,Jürgen,a,b,1").encode(),
        ("\n\n  \n" + MINIMAL + "\n\ni1,Jürgen,a,b,1\n\n,,,,\n").replace("\n", "\r\n").encode(),
        (MINIMAL + "i1,Jürgen,a,b,1\n").replace("\n", "\r").encode(),
        ('"item","evaluator","treatment","control","preferred_treatment"\n"i1","Jürgen","a","b","1"\n').encode(),
        (MINIMAL + " i1 , Jürgen,a ,b, 1.0\n").encode(),
    ],
)
def test_ways_of_writing_the_same_file(read, content):
    assert rows_of(read(content).votes) == [("a:b", "i1", "Jürgen", 1.0, -1)]


def test_a_file_in_another_encoding_is_told_and_read_as_told(read, problems):
    content = (MINIMAL + "i1,e1,a,b,1\ni1,Jürgen,a,b,1\n").encode("cp1252")

    assert problems(content) == [
        ("votes.csv, line 3: not utf-8 text (byte 0xfc): save it as 'CSV UTF-8 (comma delimited)', or give "
        "--encoding cp1252 if Excel on Windows wrote it.")
    ]
    assert read(content, encoding="cp1252").votes.evaluators.names == ("Jürgen", "e1")
    wide = (MINIMAL + "i1,e1,a,b,1\n").encode("utf-16")
    assert problems(wide) == ["votes.csv is in UTF-16: save it as 'CSV UTF-8', or give --encoding utf-16."]
    assert len(read(wide, encoding="utf-16").votes) == 1
    assert "no text encoding 'klingon'" in problems(content, encoding="klingon")[0]


def test_everything_wrong_is_told_at_once_with_line_value_and_remedy(problems):
    table = "rt_ms,excluded,chosen_side," + MINIMAL
    assert problems(
        table
        + "900,0,left,i1,e1,a,b,2\n"
        + "fast,0,left,,e1,a,a,1\n"
        + "900,maybe,up,i1,e1,a,b,1\n"
        + "900,0,tie,i1,e1,a,b,1\n"
        + "900,0,left,i1,e1,a,b,0.5\n"
        + "-1,0,left,i1,,,b,2\n"
    ) == [
        ("votes.csv, line 2: preferred_treatment is '2': write 1 (treatment), 0 (control) or 0.5 (a tie). "
        "The same in 1 more row."),
        "votes.csv, line 3: treatment and control are both 'a': a vote needs two conditions.",
        "votes.csv, line 3: item is empty: name the item, or remove the column, or leave the row out.",
        "votes.csv, line 3: rt_ms is 'fast': write a number not below 0, or nothing.",
        "votes.csv, line 4: chosen_side is 'up': write left, right or tie, or nothing.",
        "votes.csv, line 4: excluded is 'maybe': write 0 or 1.",
        "votes.csv, line 5: chosen_side is tie, but preferred_treatment is not 0.5: correct one of them.",
        "votes.csv, line 6: preferred_treatment is 0.5, but chosen_side is no tie: correct one of them.",
        "votes.csv, line 7: treatment is empty: name the condition, or leave the row out.",
        "votes.csv, line 7: evaluator is empty: name the evaluator, or remove the column, or leave the row out.",
        "votes.csv, line 7: rt_ms is '-1': write a number not below 0, or nothing.",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "votes.csv is empty: its first line must name the columns."),
        ("\n \n", "votes.csv is empty: its first line must name the columns."),
        (MINIMAL, "votes.csv has a header and no rows: add one row for each vote."),
        (b"PK\x03\x04rest", "votes.csv is a workbook or an archive: save its sheet as 'CSV UTF-8' and name that file."),
        (b"item\0,b\n", "votes.csv is no CSV text (it contains zero bytes): save it as 'CSV UTF-8'."),
        (
            "item," + MINIMAL + "x,i1,e1,a,b,1\n",
            "votes.csv, line 1: column 'item' appears 2 times: keep the one that is meant.",
        ),
        (
            MINIMAL + "i1,e1,a,b,1\ni1,e1,a,b\n\ni1,e1,a,b,1,1\n",
            "votes.csv, line 3: 4 cells, but the header has 5 columns: put a cell that contains ',' in double quotes.",
        ),
        (
            MINIMAL + 'i1,"e\n1",a,b,1\ni1,"e1,a,b,1\n',
            "votes.csv, line 4: cannot be read as CSV (unexpected end of data): check the double quotes from here on.",
        ),
        (
            MINIMAL + 'i1,"e\n1",a,b,1\ni1,e1,a,b,3\n',
            "votes.csv, line 4: preferred_treatment is '3': write 1 (treatment), 0 (control) or 0.5 (a tie).",
        ),
        (
            "model_a,model_b,winer\na,b,a\n",
            ("votes.csv, line 1: the columns 'model_a', 'model_b', 'winer' are no format of votes that is known. "
            "Nearest is triplets (model_a,model_b,winner), of which winner is missing: add it, or say which column "
            "is which, as in --columns item=clip,evaluator=rater,model_a=one,model_b=two,winner=vote."),
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(problems, content, sentence):
    assert problems(content)[0] == sentence


def test_a_name_is_never_taken_for_a_number(read):
    votes = read(MINIMAL + "007,1.0,a,b,1\n7,1,a,b,1\n07,1e0,a,b,1\n").votes

    assert votes.items.names == ("007", "07", "7")
    assert votes.evaluators.names == ("1", "1.0", "1e0")


def test_no_file_and_a_folder_are_sentences(tmp_path):
    for path, told in ((tmp_path / "no.csv", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(VoteFileError, match=told):
            read_votes(path, Choices())


def test_many_problems_are_not_a_flood(problems):
    told = problems(MINIMAL + "".join(f"i,e,a,b,{n}\n" for n in range(2, 2000)))

    assert len(told) == 31
    assert told[0].startswith("votes.csv, line 2: preferred_treatment is '2'")


def test_repeats_count_and_are_told_or_refused(read, problems):
    table = MINIMAL + "i1,e1,a,b,1\ni1,e1,a,b,1\ni1,e2,a,b,0\n"

    found = read(table)

    assert len(found.votes) == 3
    assert found.notes[1] == (
        "An evaluator judged the same pair on the same item again, 1 time (as e1 on i1, a:b); every vote counts. "
        "Where rows were copied by mistake, remove them: --refuse-repeats refuses such a file."
    )
    assert problems(table, refuse_repeats=True) == [
        ("votes.csv: an evaluator judged the same pair on the same item again, 1 time (as e1 on i1, a:b): remove these "
        "rows, or read the file without --refuse-repeats.")
    ]


def test_a_name_that_our_export_made_safe_is_itself_again(read):
    assert read(MINIMAL + "'=i1,'-e,a,b,1\n").votes.items.names == ("=i1",)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("social", "Social", "the condition 'social' looks like 'Social'"),
        ("no 2", "no  2", "the condition 'no 2' looks like 'no  2'"),
        ("caf\u00e9", "cafe\u0301", r"the condition 'caf\xe9' looks like 'cafe\u0301'"),
        ("m\uff11", "m1", r"the condition 'm\uff11' looks like 'm1'"),
        ("m\u200b1", "m1", r"the condition 'm\u200b1' looks like 'm1'"),
    ],
)
def test_conditions_that_look_alike_are_refused_by_line(problems, one, other, told):
    (found,) = problems(f"{MINIMAL}i1,e1,{other},z,1\ni2,e1,{one},z,1\n")

    remedy = "write them alike, or so that they can be told apart."
    assert found == f"votes.csv, line 3: {told}, which other rows name: {remedy}"


def test_items_and_evaluators_that_look_alike_are_noted(read):
    found = read(f"{MINIMAL}i1,P1,a,b,1\ni2,p1,a,b,1\ni2 ,\u00a0p1,a,b,1\nI2,e,a,b,1\nI1,e,a,b,1\n")

    assert found.votes.evaluators.names == ("P1", "e", "p1")
    assert [note for note in found.notes if "alike" in note] == [
        "Items whose names look alike are taken for different ones: 'i1' (line 2) and 'I1', and 1 more name.",
        "Evaluators whose names look alike are taken for different ones: 'p1' (line 3) and 'P1'.",
    ]


def test_a_colon_in_a_name_is_refused_only_where_two_groups_would_have_one_name(read, problems):
    votes = read(f"{MINIMAL}i1,e1,llama3:8b,other,1\n").votes

    assert [contrast.key for contrast in votes.contrasts] == ["llama3:8b:other"]
    assert problems(f"{MINIMAL}i1,e1,a:b,c,1\ni1,e1,a,b:c,1\n") == [
        "votes.csv: two comparison groups are called 'a:b:c': write the names of conditions without ':'."
    ]


def test_excels_first_line_says_the_delimiter(read):
    table = "item;evaluator;treatment;control;preferred_treatment\r\ni1,a;e1;x;y;0,5\r\n"

    for first in ("sep=;\r\n", '"sep=;"\r\n', "\ufeffSEP=;\n"):
        assert rows_of(read(first + table).votes) == [("x:y", "i1,a", "e1", 0.5, -1)]
    assert rows_of(read("sep=|\n" + table, delimiter=";").votes) == [("x:y", "i1,a", "e1", 0.5, -1)]


def some_rows(seed, n=60):
    draw = random.Random(seed)
    lines = []
    for _ in range(n):
        a, b = draw.sample(["m1", "m2", "m3"], 2)
        lines.append(f"i{draw.randrange(5)},e{draw.randrange(6)},{a},{b},{draw.choice([a, b, 'tie'])}\n")
    return lines


def test_the_order_of_rows_and_of_a_pairs_names_changes_nothing(read):
    header = "item,evaluator,model_a,model_b,winner\n"
    lines = some_rows(1)
    mixed = [",".join((i, e, b, a, w)) for i, e, a, b, w in (line.split(",") for line in lines)]
    random.Random(2).shuffle(mixed)

    one, other = read(header + "".join(lines)).votes, read(header + "".join(mixed)).votes

    assert rows_of(one) == rows_of(other)
    assert one.contrasts == other.contrasts


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore")))
def test_any_bytes_are_votes_or_sentences(tmp_path, content):
    path = tmp_path / "any.csv"
    for head in (b"", MINIMAL.encode(), b"model_a,model_b,winner\n", CROWD.encode()):
        path.write_bytes(head + content)
        for encoding in ("utf-8", "cp1252", "utf-7"):
            try:
                found = read_votes(path, Choices(encoding=encoding))
            except VoteFileError as refused:
                told, votes, rows = refused.problems, 0, 0
            else:
                told, votes, rows = ["read"], len(found.votes), found.rows
            assert told
            assert all(sentence.strip() for sentence in told)
            assert votes <= rows


cell = st.text(alphabet='ab,"\n\r\t ;é', max_size=4)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(cell, min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_the_fast_way_reads_what_the_exact_way_reads(rows, line_end):
    out = io.StringIO()
    csv.writer(out, lineterminator=line_end).writerows([["x", "y"], *rows])
    raw = out.getvalue().encode()
    header = reading.headers_of(raw, delimiter=",")[0]
    lines = reading._plain_lines(raw, header)
    fast = None if lines is None else reading._read_fast(raw, header, [0, 1], len(lines))
    try:
        exact, exact_lines = reading._read_exactly(raw, header, [0, 1], file="f")
    except VoteFileError:
        assert fast is None
        return
    if fast is None:
        return
    in_cells = [[names[code] for code in codes] for names, codes in fast]
    plain = [[names[code] for code in codes] for names, codes in exact]
    spoken = [i for i in range(len(lines)) if any(column[i].strip() for column in in_cells)]
    assert [[column[i].strip() for i in spoken] for column in in_cells] == [
        [value.strip() for value in column] for column in plain
    ]
    assert lines[spoken].tolist() == exact_lines.tolist()
