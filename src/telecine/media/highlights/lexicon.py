"""The words by which English gives itself away: hooks, stories, lessons, fillers, sponsors.

Patterns run over `wording.Reading.line`: lower-case tokens with one space around each of them.
Other languages have none of this but `ANY_PROMOTION`; `English` is asked for by nobody else.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS = _words("""a about above actually after again all also am an and another any are aren't around as at
    be because been before being below between both but by can can't come could couldn't did
    didn't do does doesn't doing don't done down each even every few for from further get gets
    getting go goes going gonna got had hadn't has hasn't have haven't having he he'd he'll he's
    her here here's hers herself him himself his how how's i i'd i'll i'm i've if in into is isn't
    it it'd it'll it's its itself just kind know let let's like little lot made make makes many
    may me might more most much must my myself no nor not now of off oh ok okay on once one only
    or other our ours out over own put quite rather really right said same say says see she she'd
    she'll she's should shouldn't so some something sort still such take than that that'd that'll
    that's the their theirs them themselves then there there's these they they'd they'll they're
    they've thing things think this those though through to too two um under until up upon us use
    very wanna want was wasn't way we we'd we'll we're we've well went were weren't what what's
    when when's where which while who whole whom why will with won't would wouldn't yeah yes yet
    you you'd you'll you're you've your yours yourself uh""")

FILLERS = _words("um uh uhm erm er hmm mm mhm ah eh basically literally actually")


def _phrases(text: str) -> re.Pattern[str]:
    """Compile a list of phrases, parted by commas; `*` ends a word of any ending."""
    parts = [part.strip() for part in text.replace("\n", " ").split(",")]
    words = "|".join(re.escape(part).replace(r"\*", r"[^ ]*") for part in parts if part)
    return re.compile(f" (?:{words})(?= )")


FILLER_PHRASES = _phrases("you know, i mean, sort of, kind of, or whatever, and so on, and stuff")

#: A clip that opens so hangs in the air: what came before is missing.
WEAK_OPENERS = _words("""and so but or because then also it it's its this that that's these those they they're he
    he's she she's him her them which who whom where there there's anyway plus yet therefore
    however as yes no right um uh such one ones""")

PRONOUNS = _words(
    """he he's she she's it it's they they're him her them this that these those which and but"""
)

#: What may be taken from the front of any sentence, and what of one that stands alone.
EMPTY_OPENERS = re.compile(
    r"^(?:(?:well|okay|ok|yeah|um|uh|you know|i mean|anyway|right|all right|alright)\b,\s*)+",
    re.IGNORECASE,
)
LOOSE_OPENERS = re.compile(r"^(?:(?:so|and|but|now|because)\b,?\s+)+", re.IGNORECASE)

STORY = _phrases(
    """when i was, when we were, when my, one day, one night, for * years, we were told, i was told, he told me, she told me, grew up, used to, one morning, one evening, the day i,
    the day my, the day we, the night i, the night my, i remember, i still remember,
    i will never forget, i'll never forget, ago, last year,
    last summer, last winter, last week, last month, happened to me, it happened, the first time, the last time,
    it was a, it started with, my first, my father, my mother, my grandmother,
    my grandfather, my boss, my son, my daughter, my brother, my sister, at the age of, in 19*,
    in 20*, there was a, i was standing, i was sitting, i was working, i once, we once,
    the phone rang, out of nowhere, i lost, i almost, i nearly, we almost, we nearly"""
)

CLAIM = _phrases(
    """never, always, nobody, no one, everyone, everybody, nothing, everything, secret*, truth,
    mistake*, wrong, biggest, worst, best, most people, the problem is, the reason, the only,
    the hardest, the single, impossible, myth, lie, lied, stop, here's why, here is, here's, ask me, asks me, asked me, keeps me, kept me, made me,
    what if, imagine, have you ever, did you know, the real, changed my life, changed everything,
    no matter, the trick is, you need, you should, you have to, you don't, don't, must, instead,
    actually, surprising*, strange*, craziest, weirdest, dangerous, expensive, failed, failure,
    fired, bankrupt, quit, problem*, rule, advice, wish, hidden, hide, locked,
    dirty, weird*, paradox, forget*, forgot, learn*, love*, hate*, broken, crazy, insane,
    every single, i want to, i believe, i think about, what happens, what happened, believe,
    wonder*, discover*, invent*, alone, suddenly, war, rich, poor,
    nightmare, dream*, afraid, illegal, banned, died, dying, saved, broke, killed, almost, nearly"""
)

#: Who talks of people talks of these; notices and instructions hardly do.
PEOPLE = _words(
    """i i'm i've i'd i'll me my mine myself he he's he'd his him she she's she'd her hers we we're
    we've we'd us our you you're you've you'd your somebody someone nobody people man woman boy girl
    child kid kids mother father friend friends wife husband brother sister guy"""
)

ADDRESS = _words("you you're your you've you'd you'll yourself")

QUESTION_WORDS = _words("why how what who when where which whose")

NUMBER_WORDS = _words("""two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million billion percent half twice dozen""")

PAYOFF = _phrases(
    """that's when, that is when, that was when, turns out, turned out, the lesson, i learned,
    i learnt, we learned, i've learned, taught me, the point is, the point was, that's why,
    that is why, the reason why, is the reason, so when, so if, so the next, so next, so please, so don't,
    so never, so always, the next time, months later, i kept, he kept, she kept, i wish, which is why, which means, that means, in the end, it changed, changed my,
    changed everything, changed how, i realised, i realized, realised, realized, never again,
    ever since, since then, from that day, from then on, to this day, the moral, so if you,
    remember that, the answer is, the answer was, the secret is, the trick is, the truth is,
    what matters, the only thing, all it took, it worked, we won, i won, we made it,
    and that's how, that's how, that is how, that's the, that is the, that was the, finally,
    i understood, it saved, saved my, years later, months later, laughed, cried, still have,
    still there, i was wrong, we were wrong, i had been, worth more, worth it, not because,
    better than, more than any*, not enough, you have to,
    i still, we still, not one, nobody ever, no one ever, if you want, stop being"""
)

EMOTION = _phrases(
    """afraid, alone, amaz*, angry, anger, anxi*, asham*, astonish*, awful, beautiful*, betray*,
    brave*, broke*, burn*, cancer, catastroph*, chaos, courage*, crash*, crazy, cried, cry, crying,
    danger*, dead, death, delight*, desperat*, devastat*, die, died, disaster*, disgust*, dream*,
    dying, embarrass*, excit*, fail*, fantastic*, fault, fear*, fired, fight*, fool*, forgave,
    forgiv*, fought, freak*, frighten*, frozen, funny, furious*, glad, gorgeous, grateful, grief,
    griev*, guilt*, happy, happi*, hate*, heart*, hero*, hilarious*, hope*, horr*, humiliat*, hurt*,
    hug*, incredible, incredibly, insane*, joke*, joy*, kill*, laugh*, lie, lied, lonel*, lost, love*,
    luck*, mad, magic*, mess*, miracle*, miserabl*, miss*, nervous*, nightmare*, pain*, panic*,
    passion*, poor, proud*, rage*, regret*, ruin*, sad, sadly, sadness, sav*, scandal*, scare*, scary,
    scream*, shak*, shame*, shock*, shout*, silence, smil*, sob*, sorry, stun*, stupid*, suffer*,
    surpris*, survive*, tears, terribl*, terrif*, thrill*, trap*, trembl*, triumph*, trust*, ugly,
    unbelievabl*, unfair, victory, war, warm*, weep*, wept, whisper*, win, won, wonderful*, worr*,
    worst, wound*, wow, yell*"""
)

#: Words that announce another subject: a clip may begin here, and end before it.
TURN = _phrases(
    """the next thing, next up, moving on, let's move on, let's talk about, let me tell you,
    i want to talk about, another thing, the other thing, the second, the third, first of all,
    secondly, finally, in conclusion, to sum up, on another note, anyway, by the way, speaking of,
    back to, chapter, question from, our next, my next, here's a story, one more, a different"""
)

#: One of these makes a sentence part of an advertisement.
SPONSOR = _phrases(
    """sponsor, sponsors, sponsored, sponsoring, brought to you by, today's episode is,
    this episode is, this video is made possible, promo code, discount code, coupon code,
    use code, use my code, with code, use the code, affiliate*, free trial, money back guarantee,
    money-back guarantee, percent off your, % off your, off your first, off your next,
    link in the description, links in the description, link below, first link, sign up at, sign up today,
    sign up now, go to our website, visit our website, our partners at, our friends at,
    partnered with, paid partnership, check out our store, merch, patreon, order today, order now,
    buy now, limited time offer, terms apply, terms and conditions apply, cancel anytime, cancel any time"""
)

#: How an advertisement ends; what led up to it is looked for before it.
CALL = _phrases(
    """promo code, discount code, coupon code, use code, use my code, use the code, with code,
    free trial, money back guarantee, percent off your, % off your, off your first, off your next,
    link in the description, links in the description, link below, sign up at, sign up today,
    sign up now, go to their website, visit their website, order today, order now, buy now,
    limited time offer, terms apply, cancel anytime"""
)

#: Two of these in one sentence, or one of them near a sponsor, are an advertisement as well.
OFFER = _phrases(
    """percent off, % off, discount*, code, coupon*, offer, free shipping, shipping, subscription*,
    delivered, premium, download the app, the app, app store, dot com, customers, guarantee*, order, deal,
    per month, a month, for free, sign up, website, plan, plans, product*, checkout, try it, trial"""
)

#: What makes people stay on a channel and nobody stay in a clip.
HOUSEKEEPING = _phrases(
    """subscribe, hit the bell, like button, smash that, leave a comment, leave us a review,
    comments below, follow us, follow me on, newsletter, welcome back, welcome to, welcome everyone,
    welcome everybody, good morning everyone, good evening everyone, good afternoon everyone,
    hello everyone, hello everybody, hi everyone, hi everybody, hey everyone, hey guys, hi guys,
    hello and welcome, thanks for having me, thank you for having me, thanks for coming,
    thank you for coming, thank you for joining, thanks for joining, thanks for watching,
    thank you for watching, thanks for listening, thank you for listening, my name is,
    today we are going to talk, today we're going to talk, in today's episode, in today's video,
    in this episode, in this video, in this talk i, see you next time, see you next week, that's all for today,
    that is all for today, until next time, bye, goodbye, can everybody hear, can everyone hear,
    can you hear me, is this on, next slide, we will take questions, we'll take questions,
    coffee break, housekeeping"""
)

#: In any language, looked for in the text as it is written, in lower case.
ANY_PROMOTION = re.compile(
    r"sponsor|gesponsert|rabattcode|gutscheincode|code promo|patrocin|código de descuento"
    r"|código promocional|codice sconto|спонсор|промокод|スポンサー|提供でお送り|クーポンコード"
    r"|赞助|贊助|优惠码|優惠碼|협찬|할인 코드|برعاية|\bwww\.|https?://"
)
ANY_HOUSEKEEPING = re.compile(
    r"abonniert|abonnez|suscríbe|suscribe|iscrivetevi|inscreva-se|подпиш|チャンネル登録|订阅|訂閱|구독"
    r"|herzlich willkommen|bienvenue|bienvenid|benvenut|bem-vind|добро пожаловать|ようこそ|欢迎来到|歡迎來到"
)
