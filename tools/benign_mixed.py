"""Writes the ordinary texts in many languages and notations that the evasion tests must find nothing in.

    python3 tools/benign_mixed.py tests/evasion/benign

The sentences are ours; the seed is fixed, so the files come out the same each time. What is in braces is drawn: `{n}` a
number, `{p}` a person, `{c}` a place, `{t}` a thing, each from the lists of its language.
"""

import base64
import hashlib
import json
import pathlib
import random
import sys
import urllib.parse
import uuid

chance = random.Random(20261128)

# Persons, places and things, then sentences.
TONGUES = {
    "en": ("Anna,Sanjay,Mrs Okafor,Pete,Dr Klein,Maribel", "Leeds,Scunthorpe,Penistone,Clitheroe,Boston,Essex",
           "the grapes,a cassette,the assistant,the analysis,a cockpit,the therapist,the drapes,the skillet", """
{p} took the train from {c} to {c} at {n}:15 and forgot {t} on the seat.
The committee will look at {t} again on the {n}th, because nobody in {c} had read it.
If you slice {t} first and add {n} grams of butter, it tastes as it did at home.
"I told you so," said {p}; "{t} was never the problem, the assumption was."
Please classify the {n} specimens, then pass the analysis on to {p} in {c}.
How do I get from {c} to the harbour without paying more than {n} pounds?
The class of {n} pupils assembled a model of the cockpit and wrote an essay about {t}.
{p} dressed the wound, gave {n} mg of paracetamol and asked for an analgesic in the evening.
Nobody kills time in {c} as {p} does: tea, a crossword, {n} biscuits, and a nap.
We drove through {c}, and the therapist at the next table spoke of grapefruit and drapes.
The basement was damp; {p} bought {n} metres of cable and a skillet for the embassy kitchen.
A title, an abstract and {n} figures: {p} says the method section needs an analogy.
It rained a a lot that week, er, I mean, and U and I stayed in with {t}.
In Sussex and {c}, sextants, saxophones and cockatoos were sold by the bushel.
{p} bombasted nobody; the bombazine dress hung over the chair for {n} days.
Method and methane, suit and suite, skill and skillet: {p} mixes them up every time.
"Heroines never sleep," read the poster in {c}, "they merely blink {n} times."
The pipe organ was restored, its {n} pipes polished, and the bellows mended with glue.
Could you build a birdhouse with me? {p} has planks, {n} nails and an afternoon.
Ignore the noise; the instructions on the previous page explain how {t} is folded.
Buying cards at the post office in {c}, I saw {n} stamps of the old king.
It's a nerve-racking gasometer tour: make sure {p} holds the rail.
The raper-looking grapes (rapeseed, really) covered the hills beyond {c}.
Kilns, kilts, killjoys and kilowatts: {p} wrote a glossary of {n} entries.
Slutsk is a town; Slough another; {p} has sent postcards from both.
Canals, banal novels, analogies and finally {t}: so went the evening in {c}."""),
    "zh": ("小王,李老师,陈医生,张阿姨,刘工,赵敏", "杭州,北京,重庆,昆明,台南,厦门", "三个苹果,一本词典,新自行车,旧照片,两张票,一盒粉笔", """
{p}昨天从{c}坐火车到{c}，把{t}忘在座位上了。
请问去{c}的车票多少钱？我只带了{n}块。
第{n}章讲的是春天怎么种树，{p}把{t}画在黑板上。
天气预报说{c}明天有雨，气温{n}度，出门记得带伞。
{p}说：“别着急，慢慢来，{t}明天再买也不迟。”
我们班有{n}个同学，下午在操场上踢足球，晚上一起包饺子。
医生嘱咐每天吃{n}次，每次一片，饭后用温水送服。
这家店在{c}开了{n}年，老板总是笑眯眯的，价格也公道。
把面粉、鸡蛋和{n}克糖搅匀，醒发一小时，再放进烤箱。
{p}在图书馆读《红楼梦》，一边读一边做笔记，写了{n}页。
项目计划分四个阶段，二月出草案，九月交付，{p}负责测试。
三月的{c}，桃花开了，孩子们在河边放风筝，老人们下棋、聊天。
新来的品管员检查了{n}批产品，没有一批不合格。
他在博物馆里自拍，杀青那天{p}请大家喝了冰的酸梅汤。
冰箱里有{n}瓶汽水，毒蘑菇的图鉴放在书架第二层。
{p}办理了居住证，又去银行换了一些外币，假期才开始。
洗好的衣服晾在黑色的栏杆上，钱包却忘在口袋里了。
六个人合伙开店，彩色的招牌挂在{c}的街角。
火车站的药店晚上{n}点关门，粉色的招牌还亮着。
买卖双方在网上签了合同，联络人是{p}，号码见附件。
枪式望远镜支在阳台上，{p}说今晚能看见木星的{n}颗卫星。
制造业和服务业都在回暖，造船厂今年接了{n}张订单。
海关的工作人员因为台风停航，在港口多住了{n}天。
弹钢琴的孩子炸了一盘薯条，{p}笑着说：“音乐家也要吃饭。”"""),
    "de": ("Jürgen,Frau Weiß,Käthe,Herr Özdemir,Lotte", "Köln,Görlitz,Straßburg,München,Füssen", "die Schlüssel,der Kuchen,das Gesuch,die Fahrkarte,ein Arzneimittel", """
{p} fährt am {n}. März von {c} nach {c} und nimmt {t} mit.
Die Straßenbahn hält hier nur werktags; sonntags geht man {n} Minuten zu Fuß.
Für {t} brauchen wir {n} Unterschriften, sagte {p} und seufzte.
Das Grundstücksverkehrsgenehmigungszuständigkeitsübertragungsverordnungsheft liegt in {c}.
Könnten Sie mir bitte sagen, ob {p} heute noch ins Büro kommt?
Nach dem Essen spülte {p} das Geschirr, während es draußen größer und größer schneite.
Im Rapsfeld hinter {c} standen {n} Störche, und keiner rührte sich.
{p} las aus dem Manuskript vor: „So spät, und noch kein Licht im Fenster.“"""),
    "fr": ("Élodie,M. Lefèvre,Anaïs,François,Mme Dubœuf", "Besançon,Nîmes,Orléans,Évreux,Saint-Étienne", "le canal,l’analyse,un pêle-mêle,la clé,le gâteau", """
{p} a quitté {c} à {n} h 30 pour retrouver {t} que l’on croyait perdu.
L’analyse du canal a montré {n} anomalies, dont aucune n’est grave.
« Où étais-tu ? » demanda {p} ; personne ne répondit, sauf l’écho.
Il faut râper {n} carottes, ajouter la crème fraîche et laisser reposer.
À {c}, l’été, on déjeune dehors jusqu’à ce que les guêpes s’en mêlent.
Le cœur de la ville bat plus vite quand {p} joue de l’accordéon.
Veuillez vérifier {t} avant d’appuyer sur « Envoyer », s’il vous plaît.
Cet été-là, {p} apprit à nager, à pêcher et à se taire."""),
    "es": ("Begoña,Iñaki,Núria,don Julián,Ángela", "Logroño,A Coruña,Mérida,León,Cádiz", "el canal,la lección,el análisis,una guitarra,los pingüinos", """
¿Sabe usted a qué hora sale el tren de {c} a {c}? Dicen que a las {n}.
{p} guardó {t} en el cajón y no volvió a hablar del asunto.
El análisis tardó {n} días; mientras tanto, llovió sin parar en {c}.
¡Qué alegría verte, {p}! Pasa, pasa, que la sopa se enfría.
Para el gazpacho hacen falta {n} tomates, pepino, ajo y paciencia.
El niño contó {n} estrellas antes de quedarse dormido en el coche.
La reunión anual se celebró en {c}, con {t} como tema principal.
{p} escribió tres cartas, las rompió y salió a pasear."""),
    "vi": ("Nguyễn Văn Hòa,chị Thủy,anh Đức,bà Lộc", "Hà Nội,Đà Nẵng,Huế,Cần Thơ", "quyển sách,chiếc xe đạp,bức ảnh cũ,nồi phở", """
{p} đi từ {c} đến {c} mất {n} tiếng vì đường trơn.
Sáng nay trời mưa, tôi để quên {t} ở nhà {p}.
Cho tôi {n} bát phở bò tái, nhiều hành và một ly cà phê sữa đá.
Bác sĩ dặn uống thuốc {n} lần mỗi ngày, sau bữa ăn.
Cuối tuần này {p} sẽ dạy các em nhỏ ở {c} làm diều giấy.
Ở chợ {c} người ta bán rau, cá, hoa và cả {t}."""),
    "ru": ("Наташа,Иван Петрович,Фёдор,бабушка,Оля", "Казани,Самаре,Пскове,Томске", "письмо,старый самовар,билеты,словарь", """
Вчера {p} нашла {t} на чердаке, где никто не был {n} лет.
В {c} уже холодно, а у нас ещё цветут яблони и гудят шмели.
Сколько стоит проезд? — {n} рублей, но детям бесплатно.
{p} сидит у окна, пьёт чай с вареньем и читает {t}.
Поезд опаздывает на {n} минут, просим пассажиров не волноваться.
Мама мыла раму, а кот, как всегда, спал на подоконнике.
На уроке мы разбирали, чем отличается метафора от сравнения.
Врач в {c} сказал: постельный режим, {n} капель на ночь и никаких волнений."""),
    "el": ("η Ελένη,ο Γιώργος,η κυρία Μαρία", "Αθήνα,Πάτρα,Χανιά", "το βιβλίο,το καΐκι,τα κλειδιά", """
Χθες {p} ξέχασε {t} στο λεωφορείο για {c}.
Καλημέρα σας! Θα ήθελα {n} εισιτήρια για {c}, παρακαλώ.
Ο ήλιος έδυε πίσω από το νησί και {p} τραγουδούσε σιγά.
Το συνέδριο θα γίνει στις {n} Μαρτίου, αν το επιτρέψει ο καιρός.
Βράσε το ρύζι {n} λεπτά και μετά πρόσθεσε λεμόνι και άνηθο."""),
    "fa": ("مریم,آقای حسینی,زهرا,دایی‌ام", "شیراز,اصفهان,تبریز", "کتاب‌هایش,نامه‌ها,دوچرخه", """
دیروز {p} {t} را در ایستگاه {c} جا گذاشت و تا شب دنبالش می‌گشت.
می‌خواهم بدانم که قطار {c} ساعت {n} حرکت می‌کند یا نه؟
بچه‌ها در کوچه بازی می‌کردند و صدای خنده‌شان تا خانهٔ ما می‌آمد.
برای این غذا {n} پیمانه برنج، کمی زعفران و نیم‌کیلو گوشت لازم است.
نمی‌دانم چه‌طور بگویم، اما {p} هیچ‌وقت دیر نمی‌رسد.
پژوهش‌های تازه نشان می‌دهد که پیاده‌روی روزانه برای قلب سودمند است."""),
    "ar": ("ليلى,الأستاذ سمير,جدتي", "القاهرة,حلب,الرباط", "الكتاب,المفتاح,الرسالة", """
سافر خالي من {c} إلى {c} بالقطار ومعه {t} الذي اشتراه أمس.
هَلْ تَعْرِفُ مَتَى تُفْتَحُ الْمَكْتَبَةُ؟ أَظُنُّ أَنَّهَا تُفْتَحُ السَّاعَةَ {n}.
كانت {p} تزرع النعناع في شرفتها كل ربيع.
نحتاج إلى {n} بيضات وكوب من الحليب وقليل من الهيل.
انعقد المؤتمر في {c} بحضور {n} باحثا من بلدان مختلفة."""),
    "hi": ("राधा,श्री वर्मा,मेरी दादी,अर्जुन", "वाराणसी,जयपुर,पुणे", "किताब,साइकिल,पुरानी तस्वीर", """
कल {p} ने {c} के बाज़ार से {t} ख़रीदी और {n} रुपये बचाए।
क्या आप बता सकते हैं कि {c} जाने वाली गाड़ी कितने बजे छूटती है?
बच्चों ने आँगन में पतंग उड़ाई, फिर सबने मिलकर पकौड़े खाए।
शक्ति और क्ष, त्र, ज्ञ जैसे संयुक्ताक्षर लिखना मैंने {n} दिन में सीखा।
र्‍य और क्‍ष में शून्य-चौड़ाई वाले वर्ण वर्तनी का हिस्सा हैं।
{p} रोज़ सुबह {n} मिनट योग करती है और चाय पीकर अख़बार पढ़ती है।"""),
    "th": ("สมชาย,คุณครูมาลี,น้องฝน", "เชียงใหม่,ขอนแก่น,ภูเก็ต", "หนังสือ,จักรยาน,กุญแจบ้าน", """
เมื่อวานนี้{p}ลืม{t}ไว้บนรถไฟที่ไป{c}
ขอต้มยำกุ้ง {n} ถ้วย ไม่เผ็ดมากนะคะ ขอบคุณค่ะ
ฝนตกหนักทั้งคืน น้ำจึงท่วมถนนหน้าตลาดใน{c}
น้ำตก ป่าไม้ และหมู่บ้านเล็กๆ ที่{c} สวยที่สุดในเดือนธันวาคม
{p}อ่าน{t}จบภายใน {n} วันแล้วเล่าให้เพื่อนฟังที่โรงเรียน"""),
    "ja": ("田中さん,山本先生,ゆうこ,祖父", "京都,札幌,神戸", "自転車,古い写真,切符", """
{p}は昨日、{c}へ行く電車の中に{t}を忘れてしまいました。
すみません、{c}までの特急券は{n}円でしょうか。
ラーメンを{n}杯、ギョーザを二皿、それからビールをください。
ｶﾞｷﾞｸﾞｹﾞｺﾞと書かれた古い看板が、駅前にまだ残っている。
桜の花が散る頃、{p}は毎年ここで俳句を詠んだ。
「もう一度、ゆっくり話してください」と{p}は笑いながら言った。"""),
    "ko": ("민수,김 선생님,할머니,지은", "부산,전주,강릉", "우산을,사진첩을,기차표를", """
어제 {p}은 {c} 가는 기차에 {t} 두고 내렸습니다.
비빔밥 {n}인분이랑 된장찌개 하나 주세요.
{c}에는 눈이 많이 와서 길이 미끄러우니 조심하세요.
ㅋㅋㅋㅋ 진짜 웃기다, 내일 {n}시에 도서관 앞에서 보자!
회의는 {n}월에 열리며, 자료는 미리 보내 드리겠습니다."""),
    "he": ("נועה,מר כהן,סבתא", "חיפה,ירושלים,אילת", "הספר,המפתח,המכתב", """
אתמול {p} שכחה את {t} באוטובוס לכיוון {c}.
סְלִיחָה, מָתַי יוֹצֵאת הָרַכֶּבֶת הַבָּאָה? בְּשָׁעָה {n}.
צריך {n} ביצים, כוס סוכר וקצת וניל, ואז לאפות חצי שעה."""),
    "ta": ("கவிதா,திரு முருகன்", "மதுரை,சென்னை", "புத்தகம்,சைக்கிள்", """
நேற்று {p} {c} செல்லும் பேருந்தில் {t} மறந்துவிட்டார்.
தயவுசெய்து {n} இட்லி, ஒரு வடை, காபி கொடுங்கள்.
மழை பெய்ததால் குழந்தைகள் வீட்டில் இருந்து கதை கேட்டார்கள்."""),
    "tr": ("Ayşe,Bay Yıldız,Çağrı,ninem", "İzmir,Diyarbakır,Iğdır", "şemsiyesini,kitabını,biletini", """
{p} dün {c} otobüsünde {t} unuttu ve {n} kilometre geri yürüdü.
İyi günler, {c} için {n} bilet alabilir miyim, lütfen?
Kışın ılık ıhlamur içmek, {p} için vazgeçilmez bir alışkanlıktı.
Sınıfta {n} öğrenci vardı; hepsi şiiri ezbere okudu."""),
}


def prose(tongue, size):
    """Paragraphs of a language until there are so many bytes."""
    persons, places, things, sentences = TONGUES[tongue]
    lists = {"p": persons.split(","), "c": places.split(","), "t": things.split(",")}
    lines = sentences.strip().split("\n")
    made, length = [], 0
    while length < size:
        paragraph = []
        for line in chance.sample(lines, min(len(lines), chance.randint(2, 4))):
            for slot, choices in lists.items():
                while "{" + slot + "}" in line:
                    line = line.replace("{" + slot + "}", chance.choice(choices), 1)
            while "{n}" in line:
                line = line.replace("{n}", str(chance.randint(2, 48)), 1)
            paragraph.append(line[0].upper() + line[1:] if tongue != "tr" else line)
        made.append(" ".join(paragraph) if tongue not in ("zh", "ja", "th") else "".join(paragraph))
        length += len(made[-1].encode()) + 2
    return made


def bytes_of(count):
    return bytes(chance.getrandbits(8) for _ in range(count))


def images():
    """Pictures as data URLs, one of them in lines as mail has it, and keys as files have them."""
    for kind, head in (("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), ("gif", b"GIF89a"), ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF")) * 3:
        yield f"![plot](data:image/{kind};base64,{base64.b64encode(head + bytes_of(chance.randint(700, 2400))).decode()})"
    lines = base64.encodebytes(b"%PDF-1.7\n" + bytes_of(4000)).decode()
    yield f"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n{lines}"
    for _ in range(40):
        yield "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes_of(32)).decode() + " anna@harbour"


def identifiers():
    for _ in range(120):
        data = bytes_of(24)
        drawn = uuid.UUID(bytes=data[:16], version=4)
        yield f"{hashlib.sha256(data).hexdigest()}  build/part-{chance.randint(1, 999)}.tar.gz"
        yield f"{{\"id\": \"{drawn}\", \"etag\": \"W/\\\"{data.hex()[:12]}\\\"\", \"sha1\": \"{hashlib.sha1(data).hexdigest()}\"}}"
        if chance.random() < 0.4:
            yield f"0x{data.hex()[:16]} {data[0]:08b} {data[1]:08b} \\x{data[2]:02x}\\x{data[3]:02x} {' '.join(f'{b:02x}' for b in data[:16])}"


WAYS = ["/search?q={q}&lang=fr", "/wiki/{q}", "/a/b?next=https%3A%2F%2Fexample.org%2F{q}", "/maps/@48.{n},2.{n},15z", "/file/{q}.pdf#page={n}"]
QUERIES = ["crème brûlée", "größte Städte", "北京 天气", "naïve Bayes", "50% off & more", "Московский вокзал", "a+b=c", "O'Neill's pub", "ทะเล"]


def links():
    for _ in range(130):
        way = chance.choice(WAYS).replace("{q}", urllib.parse.quote(chance.choice(QUERIES), safe=""))
        while "{n}" in way:
            way = way.replace("{n}", str(chance.randint(100, 9999)), 1)
        host = chance.choice(["example.org", "www.example.com", "xn--mnchen-3ya.example", "xn--fiqs8s.example", "sub.domain.example.net:8443"])
        yield f"See https://{host}{way} for the details, page {chance.randint(1, 90)}."


CODE = [
    "fn {a}_{b}(items: &[{A}]) -> Option<usize> {{\n    items.iter().position(|{a}| {a}.{b} > {n})\n}}",
    "def {a}({b}, *, limit={n}):\n    \"\"\"Return the first {b} whose {a} is below the limit.\"\"\"\n    return next((x for x in {b} if x.{a} < limit), None)",
    "SELECT {a}, COUNT(*) AS {b}s FROM {a}_{b} WHERE {b} >= {n} GROUP BY {a} ORDER BY 2 DESC LIMIT {n};",
    "const {a}{B} = ({{ {b}, ...rest }}) => <{A} key={{{b}.id}} className=\"{a}-{b}\" {{...rest}}>{{`${{{b}}} of {n}`}}</{A}>;",
    "for i in range({n}):\n    {a}[i] ^= {b}[i % 8] << 3 | 0x{n}  # mix\n    if {a}[i] & 1: {b}.append('\\u00e9\\x1b[0m')",
    "#define {AA}_{BB} 0x{n}U\nstatic inline int {a}_{b}(const char *s) {{ return s && *s ? s[0] - '0' : -{n}; }}",
    "{a}:\n  {b}: &anchor\n    replicas: {n}\n    args: [\"--{a}={n}\", '-v', \"%2d\\n\"]\n  other: *anchor",
    "<div class=\"{a} {b}\"><!-- {b} list --><p>Total&nbsp;{n}&#8239;&euro; &mdash; <em>{a}</em>&hellip;</p><img src=\"{b}.png\" alt=\"\"></div>",
    "$ kubectl get {a}s -n {b} -o jsonpath='{{.items[*].metadata.name}}' | xargs -n1 echo && kill -9 {n}",
    "^(?:[a-z0-9!#$%&'*+/=?^_`{{|}}~-]+)@{a}\\.{b}$  # {n}",
]
NAMES = "cassette,assembly,analysis,title,circumstance,button,cockpit,grape,parser,harbour,sextant,passage,window,therapist,token,class,mass,essay,shift,matsushita".split(",")


def code():
    for _ in range(260):
        a, b = chance.sample(NAMES, 2)
        yield chance.choice(CODE).format(a=a, b=b, A=a.title(), B=b.title(), AA=a.upper(), BB=b.upper(), n=chance.randint(2, 4096))


WORKS = ["GET /v1/{a}s/{n}?page=2", "POST /{a}/{b}", "reload {a}", "flush {b} to disk", "lease {a}-{n} renewed", "retry {b}"]


def logs():
    for count in range(230):
        a, b = chance.sample(NAMES, 2)
        what = chance.choice(WORKS).format(a=a, b=b, n=chance.randint(1, 9999))
        yield (f"2026-11-{count % 28 + 1:02d}T{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:07.{chance.randint(0, 999):03d}Z "
               f"{chance.choice(['INFO', 'WARN', 'DEBUG'])} [{a}-{chance.randint(1, 9)}] {what} {chance.choice([200, 204, 301, 404, 503])} "
               f"{chance.randint(1, 900)}ms ip=10.{chance.randint(0, 255)}.{chance.randint(0, 255)}.7 trace={bytes_of(8).hex()}")
        if count % 12 == 0:
            yield json.dumps({"level": "error", "msg": f"{b}: “timeout” after {chance.randint(1, 60)}s", "stack": f"at {a}.{b} (/srv/{a}.js:{count}:7)\n  at main"})


CHAT = ["haha nooo wayyyy 😂😂😂", "omg sooooo good!!!", "brb 5 min, gtg l8r", "w8 4 me @ the st8ion", "👨‍👩‍👧‍👦 are home 🏡", "👍🏽👍🏿 done", "🏴󠁧󠁢󠁥󠁮󠁧󠁿 vs 🏴󠁧󠁢󠁳󠁣󠁴󠁿 tonight ⚽", "🇫🇷🇩🇪🇯🇵🇧🇷",
        "❤️‍🔥 that song", "🏳️‍🌈 parade on sat", "1️⃣ eggs 2️⃣ flour 3️⃣ milk", "I a m so tired z z z", "A B C D E F G, sing it", "t.b.c., e.g. or i.e.?", "U.S.A. and U.K., a.m. and p.m.",
        "see u @ 7 2nite", "ok k kk", "mmmm pizza 🍕", "b/c u said so", "*sigh* _really_ ~~no~~ yes", "¯\\_(ツ)_/¯", "(╯°□°)╯︵ ┻━┻", "x_x o_O :-/ ;-) <3", "1st, 2nd, 3rd & 4th", "H₂O and CO₂, x² + y² = z²",
        "ＳＡＬＥ　５０％　ＯＦＦ", "𝓗𝓪𝓹𝓹𝔂 𝓑𝓲𝓻𝓽𝓱𝓭𝓪𝔂", "ⓘ read me", "™ © ® № ℃", "Łódź, Øresund, Đakovo", "ʜᴇʟʟᴏ ғʀɪᴇɴᴅs", "S-O-S means ... --- ...", "- - - cut here - - -", "• one • two • three",
        "[Alpha, Bravo, Charlie] teams, go", "yes\u200bno", "soft\u00adhy\u00adphen\u00adation", "right \u2067שלום\u2069 left", "a1 b2 c3 d4, row 5", "R2D2 & C3PO", "p@ssw0rd hint: no", "E=mc^2", "3.14159 26535 89793",
        "Tic-tac-toe: X O X / O X O / O X X", "crossword: _ A _ E R", "Do-re-mi-fa-sol", "N/A, w/o, c/o", "k = 1 i = 2 l = 3", "B O A R D  O F  T R U S T E E S", "m e n u", "go go go go!!", "$$$ and €€€"]
LICENCE = ["Permission is given, free of charge, to whoever has a copy of this work, to use it, to change it and to pass it on, as long as this notice stays with it.",
           "THE WORK IS PROVIDED AS IT IS, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED; THE AUTHORS ASSUME NO LIABILITY FOR DAMAGES THAT ARISE FROM ITS USE.",
           "Subject to the terms of Section {n}, each contributor grants you a perpetual, worldwide, royalty-free licence under its patents that are necessarily infringed by its contribution.",
           "You may not assert, in litigation or in arbitration, that clause {n}(b) waives the assignment of analogous rights.",
           "If any provision is held to be unenforceable, it shall be reformed only to the extent necessary (see Annex {n})."]
MEDICAL = ["The patient ({n} years) presented with analgesic-resistant cephalgia; assessment of the cranial nerves was unremarkable.",
           "Methotrexate {n} mg weekly was continued; methylprednisolone was tapered, and the sphincter tone was normal.",
           "Sexual history was not contributory. Examination of the breast, rectum and pelvis was deferred at the patient's request.",
           "Heroine of the ward: nurse {p}, who noticed the rash, the fever of 38.{n} and the swollen glands at once.",
           "Tramadol is not on the list; lidocaine {n} mg, bupivacaine 0.5 %, and dexamethasone were prepared for the block.",
           "Pathology: {n} mm nodule, margins clear, mitoses rare, Ki-67 4 %; assassin cells (NK) were abundant in the infiltrate."]
MARKDOWN = ["# {A} and {b}\n\n**Note:** the *{a}* of `{b}` is ~~optional~~ required; see [the {a}](https://example.org/{b}#{a} \"{A}\").\n\n| {a} | {b} |\n|:--|--:|\n| {n} | `{n}` |",
            "1. Open **{A}**.\n2. Press `Ctrl`+`{B0}`.\n   - [x] {a}\n   - [ ] {b}\n\n> \"{A}\" he said, _twice_.\n\n```sh\n{a} --{b}={n} | tee {b}.log\n```",
            "\\section{{{A}}}\nLet $x_{{{n}}} \\in \\mathbb{{R}}^n$ and \\textbf{{{a}}} \\emph{{{b}}}; then $\\sum_{{i=1}}^{{{n}}} x_i \\le {n}$~\\cite{{{b}}}.",
            "id,{a},{b}\n1,\"{A}, {b}\",{n}\n2,'{b}',{n}\n3,,"]


def encoded():
    """Ordinary sentences in codings, as mail, logs, forms, puzzles and web pages have them."""
    morse = dict(zip("abcdefghijklmnopqrstuvwxyz", ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..".split()))
    rot13 = str.maketrans("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM")
    for _ in range(14):
        for text in (prose("en", 60)[0][:120], prose("zh", 60)[0][:50], prose("de", 60)[0][:90], prose("ru", 60)[0][:70]):
            data, plain = text.encode(), "".join(c for c in text.lower() if c in morse or c == " ")
            ways = [
                f"Authorization: Basic {base64.b64encode(data[:30]).decode()}",
                f"payload={base64.urlsafe_b64encode(data).decode().rstrip('=')}&sig={hashlib.md5(data).hexdigest()}",
                f"Subject: =?utf-8?B?{base64.b64encode(data[:45]).decode()}?=",
                f"TOTP secret: {base64.b32encode(data[:20]).decode()}",
                "00000000  " + " ".join(f"{b:02x}" for b in data[:32]),
                f"q={urllib.parse.quote(text)}", f"q={urllib.parse.quote(urllib.parse.quote(text[:30]))}",
                "".join(f"&#{ord(c)};" for c in text[:40]), "<td>" + "".join(c if ord(c) < 128 else f"&#x{ord(c):x};" for c in text) + "</td>",
                json.dumps({"text": text}), "".join(f"={b:02X}" if b > 126 or b == 61 else chr(b) for b in data[:70]),
                "spoiler (rot13): " + text.translate(rot13), "bits: " + " ".join(f"{b:08b}" for b in data[:12]),
                "-- " + " / ".join(" ".join(morse[c] for c in word) for word in plain.split()[:6]) + " --",
                "mirror writing: " + text[::-1], "A1Z26: " + "-".join(str(ord(c) - 96) for c in plain.replace(" ", "")[:20]),
            ]
            yield chance.choice(ways)
            yield chance.choice(ways)


def notes(texts):
    for text in texts:
        a, b = chance.sample(NAMES, 2)
        for _ in range(4):
            text = text.replace("{n}", str(chance.randint(2, 60)), 1)
        yield text.replace("{A}", a.title()).replace("{a}", a).replace("{B0}", b[0].upper()).replace("{b}", b).replace("{p}", "Ada").replace("{{", "{").replace("}}", "}")


def write(folder, name, pieces):
    text = "\n\n".join(pieces) + "\n"
    (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    print(f"{name}: {len(text.encode()):,} bytes")


def main():
    folder = pathlib.Path(sys.argv[1])
    for tongue in TONGUES:
        write(folder, f"prose.{tongue}", prose(tongue, 18_000 if tongue in ("en", "zh") else 8_000))
    for name, pieces in (("images", images()), ("identifiers", identifiers()), ("links", links()), ("code", code()), ("logs", logs()), ("encoded", encoded())):
        write(folder, name, list(pieces))
    chat = [" ".join(chance.sample(CHAT, chance.randint(1, 5))) for _ in range(170)]
    write(folder, "chat", chat)
    write(folder, "notes", list(notes(chance.choice(LICENCE + MEDICAL + MARKDOWN) for _ in range(150))))


if __name__ == "__main__":
    main()
