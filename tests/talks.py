"""Talks in writing, with the times that they would have if somebody gave them.

All of them were written for these tests; nobody ever said them. A paragraph is a subject: a
longer pause follows it. `PLANTED` talks have stories among dull matter, and one advertisement.
"""

from __future__ import annotations

import random
import re

from telecine.media.speech.transcript import Sentence, Transcript, Word

_END = re.compile(r"(?<=[.?!؟])\s+|(?<=[。？！।])\s*")
_UNSPACED = frozenset({"ja", "zh", "th"})


def spoken(
    text: str,
    *,
    language: str = "en",
    words_per_second: float = 2.6,
    pause_seconds: float = 0.35,
    long_pause_seconds: float = 1.3,
) -> Transcript:
    """Return what a recogniser would have made of a talk; paragraphs are parted by empty lines."""
    words: list[Word] = []
    sentences: list[Sentence] = []
    now = 0.5
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        for line in _END.split(" ".join(paragraph.split())):
            pieces = list(line) if language in _UNSPACED else line.split()
            if not pieces:
                continue
            first, start = len(words), now
            for piece in pieces:
                pace = words_per_second * (2.5 if language in _UNSPACED else 1)
                words.append(Word(text=piece, start_seconds=now, end_seconds=now + 0.9 / pace))
                now += 1 / pace
            sentences.append(
                Sentence(
                    text=line,
                    start_seconds=start,
                    end_seconds=words[-1].end_seconds,
                    first_word=first,
                    end_word=len(words),
                )
            )
            now = words[-1].end_seconds + pause_seconds
        now += long_pause_seconds - pause_seconds
    return Transcript(language=language, words=tuple(words), sentences=tuple(sentences))


def rambling(*, word_count: int) -> str:
    """Return sentences of random words: more subjects and fewer repeats than any talk has."""
    source = random.Random(7)
    common = [
        "the",
        "a",
        "of",
        "and",
        "to",
        "in",
        "is",
        "it",
        "that",
        "he",
        "was",
        "for",
        "on",
        "with",
        "as",
        "at",
        "his",
        "they",
        "be",
        "this",
    ]
    words = [f"word{number}" for number in range(6000)] + common * 100
    lines: list[str] = []
    count = 0
    while count < word_count:
        length = max(1, int(source.gauss(13, 4)))
        count += length
        lines.append(" ".join(source.choices(words, k=length)).capitalize() + ".")
    return " ".join(lines)


BAKERY = """
When I was nineteen I set fire to my father's bakery. It was four in the morning, and I had fallen
asleep beside the oven with the towels on top of it. I woke up because the dog was screaming, and
the whole wall was burning. My father carried me out, and then he ran back in, and I thought I had
killed him. He came out with a black face and one thing in his arms, the old book with the
recipes. I waited for him to shout at me, and he laughed until he cried. He said that walls are
cheap, and that a son who wakes up is worth more than any oven. That was the day I learned that
you can lose everything in an hour and still be rich.
"""

LANGUAGES = """
Why do most people never learn a second language? I asked a woman of ninety, who speaks eleven of
them, and she told me the truth: they are afraid of sounding stupid. She arrived in Lisbon in 1951
with three words, and she used all three of them wrong. On her first day she told the baker that
he was a beautiful cheese, and the whole shop laughed for a minute. The next morning the baker had
put a cheese in the window with her name on it. They were married for forty years. So if you want
to learn a language, stop being afraid, because the secret is to be laughed at on the first day.
"""

FERRY = """
Nobody tells you how quiet it is when a ship goes down. Three winters ago I was the cook on a
ferry with two hundred and six people on board, and the engine stopped in the dark. The captain
asked me to keep the passengers calm, so I did the only thing I can do, and I made pancakes. People
were standing in water up to their ankles, holding a plate, and telling me that they wanted more
sugar. A little boy asked whether we were going to die, and I told him that nobody dies before
dessert. The helicopters came at six, and not one person was missing. I still get a letter from
that boy every Christmas, and every year there is a packet of sugar in it.
"""

SALARY = """
What would you do if you found out that your colleague earns twice as much as you? It happened to
me at a printer, because somebody had left the list in the tray. My first thought was to burn the
building down, and my second thought was to cry in the car, and I did the second. Then I did
something that nobody in the company had ever done. I walked up to him and I asked him how he did
it. He looked at me and he said, I asked. He had asked for more money every single year, and I had
waited eleven years for somebody to notice me. The next day I asked, and it took four minutes.
Being good at your work is not enough, you have to open your mouth.
"""

GREETING = """
Good morning everyone, and welcome back to the show. Um, so, my name is Peter and today we are
going to talk about a lot of things. Please hit the subscribe button and leave a comment below. It
is really nice to be here again, you know, as always.
"""

AGENDA = """
So we have a few items on the agenda. The schedule is more or less the same as it was in spring.
There were some changes to the form, and the form has to be filled in twice. Then there is the
room, which is still the room on the second floor. That is about all there is to say about the
schedule, I think.
"""

FOLDERS = """
Um, yes, so, the documents are on the server, in the folder, sort of. There is a folder for each
month, and there is a list. The list is updated by the office, kind of, every second week or so.
You can also ask at the desk, and they will look it up, or whatever.
"""

PARKING = """
Right, so the parking. The parking is behind the building, and the gate is closed at six. There
are some spaces on the other side, and these are numbered. The numbers are in the letter that was
sent out in the autumn. We will take questions later, and thank you for coming.
"""

MATTRESSES = """
This episode is brought to you by Slumberland mattresses. Slumberland makes the most comfortable
mattress you will ever own, delivered to your door. I have slept on mine for two years and I love
it. Go to their website and use code PETER for twenty percent off your first order. Cancel
anytime, terms apply.
"""

VITAMINS = """
Have you ever woken up and felt like you were a hundred years old? I felt like that every single
day, until I found Greenboost, and it changed my life. Greenboost has forty vitamins in one glass,
and I never leave the house without it. It is amazing what it did for my energy. They are giving
our listeners a free trial, so go to greenboost dot com and use the promo code WINTER at checkout.
You will never go back.
"""

#: Each: the talk, the stories in it, and the advertisement that is never to be chosen.
PLANTED = {
    "bakery and languages": (
        (GREETING, AGENDA, BAKERY, FOLDERS, MATTRESSES, LANGUAGES, PARKING),
        (BAKERY, LANGUAGES),
        MATTRESSES,
    ),
    "ferry and salary": (
        (GREETING, FERRY, VITAMINS, PARKING, AGENDA, SALARY, FOLDERS),
        (FERRY, SALARY),
        VITAMINS,
    ),
    "the advertisement comes first": (
        (VITAMINS, FOLDERS, SALARY, AGENDA, BAKERY, PARKING),
        (SALARY, BAKERY),
        VITAMINS,
    ),
}

DULL = {
    "minutes of a meeting": """
The minutes of the last meeting were approved with one change. On page four the word quarterly was
replaced by the word monthly. The treasurer reported that the accounts are in order and that the
fees for this year have been received, with the exception of six. A reminder will be sent. The
heating in the hall was discussed again. Two offers have come in, and a third is expected by the
end of the month. It was agreed to wait for the third offer. The caretaker asked that the chairs
are put back after meetings. The date of the next meeting is the second Tuesday in May. There was
no other business, and the meeting was closed at twenty past eight.

The working group on signs has met three times. It recommends that the signs on the ground floor
are replaced, and that the signs on the first floor are cleaned. The cost is within the budget.
The board took note of the report. A decision will be made when the colours have been chosen. The
group will continue its work in autumn.
""",
    "a telephone menu": """
Thank you for calling the company directory. Please listen carefully, as our menu has changed. To
reach a person whose extension you know, enter the extension now. To hear the list of departments,
press one. To leave a message in the general mailbox, press two. To repeat these choices, press
the star key at any time. If you have a rotary telephone, please stay on the line.

Please enter your account number, followed by the pound key. The number that you have entered is
not valid. Please check the number and try again. Your call is important to us. All of our
representatives are busy with other callers at the moment. Your call will be answered in the order
in which it was received. The expected waiting time is eleven minutes. You may also leave your
number, and a representative will call you back within two working days.
""",
    "a lecture": """
A binary heap is usually stored in an array. The children of the element at index i are found at
two i plus one and two i plus two. The parent is found at i minus one divided by two, rounded
down. An element is inserted at the end of the array and then moved upwards as long as it is
smaller than its parent. This takes a number of steps that is proportional to the logarithm of the
size of the heap.

Removing the smallest element is done in a similar way. The last element of the array is moved to
the root, and then it is exchanged with the smaller of its children until the order is restored.
Building a heap from an array that is not sorted takes linear time, which is shown by summing the
heights of all nodes. The proof is in chapter six of the book. Heaps are used in schedulers, in
algorithms on graphs and in the simulation of events. For the exercise, please implement both
operations and measure the time for arrays of different sizes.
""",
    "instructions": """
Remove the cover by turning the four screws to the left. Put the screws in a safe place. The
filter is on the right side of the motor, behind the grey panel. Pull the panel towards you. The
filter can now be taken out. Rinse the filter with warm water and let it dry for a day. Do not use
soap. While the filter is drying, the inside of the case can be wiped with a damp cloth. Put the
filter back with the arrow pointing upwards. Close the panel and put the cover back on. Turn the
screws to the right, but not too tight. Repeat this every three months, or more often if there is
a lot of dust in the room.
""",
    "the weather": """
In the north it will be cloudy with some light rain in the morning. During the afternoon the rain
will move towards the east, and the clouds will break in places. Temperatures will be between
eleven and fourteen degrees. In the south it will stay dry for most of the day, with some sun in
the afternoon. The wind will be light and come from the west. During the night it will be cloudy
again, and there may be fog in the valleys. Tomorrow will be similar, with a little more sun along
the coast. The outlook for the weekend is mixed, with showers on Saturday and dry weather on
Sunday.
""",
    "a call about figures": """
Revenue for the quarter was in line with the guidance that was given in August. The margin was
slightly higher than in the quarter before, due to lower costs of transport. In the segment of
industrial coatings the volume was flat. In the segment of consumer paints the volume grew by two
percent, of which one percent is due to the later date of the holidays. Inventories are at a
normal level. Capital expenditure will be at the upper end of the range. The tax rate is expected
to be around twenty six percent for the full year. With regard to currencies, there is no change
to the assumptions. The next report will be published on the ninth of February.
""",
}

#: Each alone is hidden among dull matter. They were written after the rules, to see what those miss.
STORIES = {
    "a drawer": """
My grandmother kept a locked drawer in the kitchen for fifty years. We were told that there was
money in it, and my cousins fought about it at her birthday parties. When she was in hospital she
gave me the key and told me to open it alone. Inside were four hundred bus tickets. Every one of
them had a date on the back, and a single line. Saw the sea. Bought the blue coat. Told Martin no.
She had written one line about every trip she ever made on her own. I rode home on the bus that
evening and I kept the ticket.
""",
    "dark silicon": """
The chip industry has a dirty little problem that engineers call dark silicon. For thirty years we
made transistors smaller, and every generation used less power. Then around 2006 that stopped. Today
a processor can hold ten billion transistors, but if you switched all of them on at once, the thing
would melt in under a second. So most of your phone is off, all the time, on purpose. You paid for a
city, and you are living in one room with the lights on. And that is the reason why every company
now builds special little chips for special little jobs.
""",
    "hiring": """
I want to give you one rule for hiring that I wish somebody had given me. Never hire the person who
answers fastest. We had two candidates for the same post, and one of them had an answer before I had
finished the question. The other one looked out of the window for what felt like a year. I hired the
fast one. Eighteen months later we had rebuilt everything that he had answered quickly. The slow one
runs the company that bought us. So when somebody makes you wait, be quiet and let them think.
""",
    "bees": """
So here is something about bees that kept me awake. A hive in winter is a ball of twenty thousand
animals that do nothing but shiver. They take turns. The ones on the outside freeze for an hour, and
then the ones on the inside push them into the middle, where it is thirty five degrees. No bee
decides this and no bee is in charge. And in spring the ones that shivered are all dead, and the
ones that come out have never seen a flower. They fly straight to it anyway.
""",
    "a ward": """
We almost cancelled the product on a Tuesday. The numbers were terrible, eleven users in four
months, and nine of those were us. Then Dana in support read out an email from a nurse in Leeds. The
nurse had printed our screen and taped it above every bed on the ward. She was not even a user. She
had made a paper version of our software because the hospital would not install it. We did not
cancel it. We gave the paper version away for free, and that is how we got our first four thousand
hospitals.
""",
    "going blind": """
People ask me what it is like to go blind slowly. It is like somebody turning down a radio in
another room. You do not notice the moment when you stop hearing it. I noticed it because I said
good morning to a coat. It was my own coat, on the hook where it always hangs. I stood there and I
apologised to it. And then I laughed so much that my wife came down, and I thought, all right, if
this is how it is going to be, then it is going to be funny.
""",
}

MUSEUM = """
The museum is open from ten to six, and until eight on Thursdays. Tickets can be bought at the desk
or on the website. Children under six do not pay. The cloakroom is to the left of the entrance, and
large bags have to be left there. Photographs are allowed in all rooms except the second. There is a
lift behind the shop. The next guided tour starts at eleven and takes fifty minutes. Audio guides
are available in nine languages.
"""

CEMENT = """
In chapter two we saw that cement consists of four minerals. Today we look at the first of these in
some more detail. It makes up about sixty percent of the clinker. Its reaction with water takes
place in five stages, which are usually called the initial period, the dormant period, the
acceleration, the deceleration and the steady state. The figure on page ninety shows the heat that
is released in each of them. As you can see, the maximum is reached after about ten hours. The exact
time depends on the fineness and on the temperature. This will be important when we come to
retarders.
"""

GERMAN = """
Guten Morgen und herzlich willkommen zu einer neuen Folge. Schön, dass ihr alle da seid.

Die Unterlagen liegen im Ordner auf dem Server. Der Ordner wird jede Woche aktualisiert. Die Liste
steht auf der zweiten Seite. Wer die Liste nicht findet, fragt bitte im Büro nach.

Warum bin ich mit dreißig noch einmal zur Schule gegangen? Mein Chef hatte gelacht, als ich ihm
sagte, dass ich Ärztin werden will! Sieben Jahre lang habe ich nachts gelernt und tagsüber Brot
verkauft. Am Tag der letzten Prüfung stand er in der Reihe vor der Tür, mit einem gebrochenen Arm.
Ich war die Ärztin, die ihn an diesem Morgen behandelt hat! Er hat mich nicht erkannt, und ich
habe nichts gesagt. Zum Abschied hat er gefragt, warum ich Ärztin geworden bin.

Diese Folge wird gesponsert von einem Hersteller von Matratzen. Mit dem Rabattcode SCHLAF gibt es
zwanzig Prozent.

Der Parkplatz ist hinter dem Haus. Das Tor wird um sechs geschlossen. Die Nummern stehen im Brief
vom Herbst.
"""

JAPANESE = """
皆さん、おはようございます。今日もよろしくお願いします。

資料はサーバーのフォルダーにあります。リストは毎週更新されます。詳しいことは事務所に聞いてください。

どうして私は三十歳で学校に戻ったのでしょうか？上司は私が医者になりたいと言ったとき、大声で笑いました！七年間、昼はパンを売り、夜は勉強しました。最後の試験の日、その上司が腕を折って病院に来ました。その朝、彼を治療した医者は私だったのです！彼は私に気づきませんでした。別れ際に彼は、どうして医者になったのかと私に聞きました。

この番組は布団の会社の提供でお送りします。クーポンコードを使うと二十パーセント引きになります。

駐車場は建物の裏にあります。門は六時に閉まります。番号は秋の手紙に書いてあります。
"""

ARABIC = """
لماذا عدت إلى المدرسة وأنا في الثلاثين من عمري؟ ضحك مديري عندما قلت له إنني أريد أن أصبح طبيبة!
درست سبع سنوات في الليل وبعت الخبز في النهار. في يوم الامتحان الأخير جاء المدير إلى المستشفى وذراعه
مكسورة. كنت أنا الطبيبة التي عالجته في ذلك الصباح! لم يعرفني ولم أقل شيئا.

الملفات موجودة على الخادم في المجلد. القائمة يتم تحديثها كل أسبوع. الموقف خلف المبنى والباب يغلق في
السادسة. الأرقام مكتوبة في الرسالة.
"""

HINDI = """
मैं तीस साल की उम्र में फिर से स्कूल क्यों गई? मेरे मालिक हँसे जब मैंने कहा कि मैं डॉक्टर बनना चाहती हूँ! सात
साल तक मैंने दिन में रोटी बेची और रात में पढ़ाई की। आख़िरी परीक्षा के दिन वही मालिक टूटे हाथ के साथ अस्पताल आए।
उस सुबह उनका इलाज करने वाली डॉक्टर मैं थी! उन्होंने मुझे नहीं पहचाना।

काग़ज़ सर्वर पर फ़ोल्डर में हैं। सूची हर हफ़्ते बदली जाती है। गाड़ियों की जगह इमारत के पीछे है।
"""
