#!/usr/bin/env python3
"""Compose synthetic petition letters: ground-truth JSON + page images (letter pages, envelope front).
  make_letters.py --bank fit1.json --seed 1 --n 40 --out FOLDER [--fonts FOLDER] [--dpi 300] [--text-only] [--layout-only] [--ids SHARE] [--hard]
Banks: banks.py. Drawn letters need Pillow, numpy, opencv-python-headless, Debian fonts-noto-cjk and fonts-arphic-ukai, and TTFs of handwriting fonts.
Same seed + bank + bodies + fonts => same output. A bank holds names, places, roster and wording.
Ground truth follows 苏州市《群众来信办理服务规范》 7.4 All people, numbers, officials are invented."""
import argparse,json,math,os,random,re,sys,glob,datetime
try:
    import numpy as np, cv2
    from PIL import Image,ImageDraw,ImageFont
except ImportError: np=None
HERE=os.path.dirname(os.path.abspath(__file__))
# ---------------------------------------------------------------- data helpers
def id18(rnd,areas,bad=False):
    y=rnd.randint(1938,1992); b=rnd.choice(areas)+f'{y}{rnd.randint(1,12):02d}{rnd.randint(1,28):02d}{rnd.randint(10,999):03d}'
    w=[7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2]; c='10X98765432'[sum(int(a)*k for a,k in zip(b,w))%11]
    if bad: c=rnd.choice([x for x in '0123456789' if x!=c])
    return b+c
CN='〇一二三四五六七八九'
def cnnum(n):
    if n<10: return CN[n]
    if n<20: return '十'+(CN[n-10] if n>10 else '')
    if n<100: return CN[n//10]+'十'+(CN[n%10] if n%10 else '')
    return str(n)
def cndate(d,style):
    if style==0: return f'{d.year}年{d.month}月{d.day}日'
    if style==1: return ''.join(CN[int(c)] for c in str(d.year)).replace('〇','○')+f'年{cnnum(d.month)}月{cnnum(d.day)}日'
    if style==2: return f'{d.year}.{d.month}.{d.day}'
    return f'{d.year}-{d.month:02d}-{d.day:02d}'
class Gen:
    def __init__(s,bank,rnd,bodies,div):
        s.b=bank;s.r=rnd;s.bodies=bodies;s.div=div;s.used=set()
    def name(s):
        for _ in range(200):
            su=s.r.choice(s.b['surnames']); g=s.r.choice(s.b['given']); n=su+g
            if n not in s.used: s.used.add(n); return n
        return n
    def mobile(s): return s.r.choice(['130','131','133','135','136','137','138','139','150','151','152','158','159','177','180','181','186','187','189','191'])+f'{s.r.randint(0,99999999):08d}'
    def land(s): return f"{s.b['areacode']}-{s.r.randint(60000000,89999999)}"
    def addr(s):
        r=s.r; d=r.choice(s.div); pre=r.choice([s.b['prov']+s.b['city'],s.b['city'],s.b['city'],''])
        base=pre+d['county']+(d['town'] if r.random()<.6 else ''); x=r.random()
        if d['town'].endswith(('镇','乡')) and r.random()<.5: base=pre+d['county']+d['town']; tail=r.choice(s.b.get('villages',['红星村','新联村','东湖村','塘桥村','横泾村']))+r.choice([f'{r.randint(1,28)}组{r.randint(1,99)}号',f'{r.randint(1,28)}组',f'第{cnnum(r.randint(1,28))}组{r.randint(1,99)}号',f'{r.randint(1,199)}号'])
        elif x<.5: tail=r.choice(s.b['estates'])+r.choice([f'{r.randint(1,60)}幢{r.choice(["","1单元","2单元","乙单元"])}{r.randint(1,18)}0{r.randint(1,6)}室',f'{r.randint(1,60)}号楼{r.randint(1,4)}单元{r.randint(1,18)}0{r.randint(1,6)}室',f'{r.randint(1,60)}栋{r.randint(1,18)}0{r.randint(1,6)}',f'{r.randint(1,60)}-{r.randint(1,4)}-{r.randint(1,18)}0{r.randint(1,6)}'])
        else: tail=r.choice(s.b['roads'])+r.choice([f'{r.randint(1,900)}号',f'{r.randint(1,900)}号',f'{r.randint(1,900)}号-{r.randint(1,9)}',f'{r.randint(1,900)}号{r.randint(1,20)}幢{r.randint(101,1806)}室',f'{r.randint(2,99)}弄{r.randint(1,40)}号{r.randint(1,6)}0{r.randint(1,6)}室',f'{r.randint(1,300)}号附{r.randint(1,9)}号'])
        return base+tail
    def date(s): return datetime.date(2024,1,1)+datetime.timedelta(days=s.r.randint(0,640))
    def age(s): return s.r.choice(['今年{}岁','现年{}周岁','{}岁']).format(s.r.randint(31,79))
    def fill(s,t,kw): return t.format(**kw)
    def kw(s): return dict(y=s.r.randint(2012,2023),n=s.r.randint(3,9),m=s.r.randint(2,9),estate=s.r.choice(s.b['estates']),unit=s.r.choice(s.b['units']),boss=s.name(),addr2=s.r.choice(s.b['estates'])+f'{s.r.randint(1,40)}幢',org=s.r.choice(s.b['estates'])[:2]+'社区居委会')
    def matter(s,m,kw,alt):  # alt 0/1 chooses the wording
        p=[s.fill(x[alt%len(x)],kw) for x in m['s']]; return p,s.fill(m['r'][alt%len(m['r'])],kw)
    def realbody(s):
        x=s.r.choice(s.bodies); s.bodies.remove(x); return x
# each line: dict(t=text, role=, align=, fields=[(field,start,end)])
def L(t,role,align='l',**f): return dict(t=t,role=role,align=align,spans=[(k,t.find(v),t.find(v)+len(v)) for k,v in f.items() if v and t.find(v)>=0])
SCEN=['signed','signed','signed_real','signed_real','signed_id','signed_badid','anon_none','anon_none','anon_pseudo','anon_incomplete','env_sign','env_sign','env_sign_addr',
 'joint_phone','joint_contact','joint_env','joint_first','joint_units','joint_exact5','notjoint4','addr_ldr_rank','addr_ldr_vs_org','addr_orgs','addr_fuzzy','addr_fuzzy','addr_outside',
 'proxy','multi','multi3','noaddr_body','noaddr_postmark','noaddr_env','threat','threat','notthreat','rep_a','rep_b','rep_other_matter','rep_other_person','crime','valuables','thanks','consult','suggest','two_phones','signed']
def build(g,sc,idx,ctx):
    b,r=g.b,g.r; S=b['scope']; f={}; lines=[]; ev={}
    real=sc.endswith('_real') and g.bodies
    name=ctx.get('name') or g.name(); addr=ctx.get('addr') or g.addr(); phone=ctx.get('phone') or g.mobile(); d=g.date(); kw=ctx.get('kw') or g.kw()
    m=ctx.get('matter') or r.choice(b['matters']); alt=ctx.get('alt',r.randint(0,1))
    has_letter_addr=sc not in('noaddr_body','noaddr_postmark','noaddr_env','env_sign_addr'); has_phone=sc not in('anon_none','anon_pseudo','anon_incomplete') and (r.random()<.75 or sc in('rep_a','rep_b','two_phones','joint_phone'))
    anon=sc.startswith('anon'); joint=sc.startswith('joint') or sc=='notjoint4'; thanks=sc in('thanks','consult','suggest')
    NORES=[x for x in b['matters'] if x.get('nores')]
    if sc in('noaddr_postmark','noaddr_body','noaddr_env','env_sign_addr','env_sign') or anon: m=r.choice(NORES)
    # ---- addressees
    ldr=r.choice(S['leaders']); tos=[]; expect=None; rule=None
    if sc=='addr_ldr_rank': two=r.sample(S['leaders'],2); tos=[x['title'].split('中共')[-1]+x['name'] if r.random()<.5 else x['name']+x['title'][-2:] for x in two]; expect=min(two,key=lambda x:x['rank'])['name']; rule='7.4.2.4 职位高者'
    elif sc=='addr_ldr_vs_org': o=min(S['orgs'],key=lambda o:o['order']); tos=[o['name'],ldr['name']+ldr['title'][-2:]]; r.shuffle(tos); expect=ldr['name']; rule='7.4.2.4 领导个人优先于机构'
    elif sc=='addr_orgs': oo=r.sample(S['orgs'],3); tos=[o['alias'][0] for o in oo]; expect=min(oo,key=lambda o:o['order'])['name']; rule='7.4.2.4 编制序列在前'
    elif sc=='addr_fuzzy': q,e,why=r.choice(S['fuzzy']); tos=[q]; expect=e; rule='7.4.2.4 相似名称认定('+why+')'
    elif sc=='addr_outside': out=r.choice(S['outside']); o=r.choice(S['orgs']); tos=[out,o['alias'][0]]; expect=o['name']; rule='7.4.2.4 受信范围内'
    elif r.random()<.5: o=r.choice(S['orgs']); tos=[r.choice(o['alias'])+r.choice(['','领导'])]; expect=o['name']; rule='7.4.2.4 单一机构'
    else: tos=[r.choice(ldr['alias'][1:])]; expect=ldr['name']; rule='7.4.2.4 单一领导'
    title=r.choice(b['titles']).format(t=m['k'])
    if title and not real: lines.append(L(title,'title','c'))
    lines.append(L(r.choice(b['open']).format(to='、'.join(tos)),'salutation',addressee_raw='、'.join(tos)))
    gr=r.choice(b['greet']);
    if gr: lines.append(L(gr,'body'))
    # ---- intro
    proxy=None
    if sc=='proxy':
        rel=r.choice(['父亲','母亲','岳父','伯父']); principal=g.name(); proxy=dict(agent=name,principal=principal,relation=rel)
        lines.append(L(r.choice(b['proxytxt']).format(name=principal,rel=rel,rel2=r.choice(['儿子','女儿'])),'body',principal=principal))
    elif anon: lines.append(L(r.choice(b['selfintro_anon']),'body'))
    elif joint: lines.append(L(b['joint_intro'].format(**kw),'body'))
    elif sc in('noaddr_body',): lines.append(L(r.choice(b['mention']).format(addr=addr)+'生活上一向安分守己。','body',habitual_addr=addr))
    elif has_letter_addr and not sc.startswith('env_sign') and r.random()<.45: lines.append(L(r.choice(b['selfintro']).format(name=name,age=g.age(),addr=addr),'body',self_name=name,self_addr=addr))
    elif sc not in('env_sign','env_sign_addr'): lines.append(L(r.choice(b['selfintro_noaddr']).format(name=name,age=g.age()),'body',self_name=name))
    # ---- matters
    matters=[]; purpose='投诉请求'
    if real:
        x=g.realbody(); matters=[dict(title=x['title'],category=x.get('cat'),main=True)]
        for p in re.split(r'\n+',x['body']):
            if p.strip(): lines.append(L(p.strip(),'body'))
    elif sc=='thanks':
        kw['staff']=g.name(); purpose='感谢'; matters=[dict(title='感谢',category='感谢',main=True)]
        for t in b['thanks']: lines.append(L(t.format(**kw),'body'))
    elif sc=='consult':
        purpose='咨询'; matters=[dict(title='咨询',category='咨询',main=True)]
        for t in b['consult']: lines.append(L(t,'body'))
    elif sc=='suggest':
        purpose='意见建议'; matters=[dict(title='建议',category='建议',main=True)]
        for t in b['suggest']: lines.append(L(t,'body'))
    elif sc=='crime':
        purpose='检举控告'; acc=g.name(); matters=[dict(title='检举'+acc,category='纪检监察/贪污受贿',main=True)]
        for t in b['accuse']: lines.append(L(t.format(accused=acc,**kw),'body'))
        f['accused']=acc
    else:
        ms=[m]
        if sc in('multi','multi3'): ms=[m]+r.sample([x for x in b['matters'] if x is not m],1 if sc=='multi' else 2)
        for i,x in enumerate(ms):
            k2=kw if i==0 else g.kw(); p,q=g.matter(x,k2,alt); matters.append(dict(title=x['k'],category=x['c'],main=i==0))
            if i: p=p[:2]
            pre=b['marks'][i] if len(ms)>1 else ''
            lines.append(L(pre+''.join(p[:2]),'body'));
            if len(p)>2: lines.append(L(p[2],'body'))
            lines.append(L(q,'request'))
    if sc=='threat': lines.append(L(r.choice(b['threat']),'body_threat'))
    if sc=='notthreat': 
        for t in b['notthreat']: lines.append(L(t,'body'))
    if sc=='valuables': lines.append(L(b['valuables'],'body'))
    if not thanks: lines.append(L(r.choice(b['req']),'request'))
    c=r.choice(b['close']).split('\n'); lines.append(L(c[0],'close')); lines+= [L(x,'close_l') for x in c[1:]]
    # ---- signature block
    signat=[]; reg=None; regrule=None; src=None; sigphones={}
    if joint:
        n={'joint_exact5':5,'notjoint4':4}.get(sc) or r.randint(6,20)
        if sc=='joint_units': signat=r.sample(b['units'],k=min(len(b['units']),r.randint(5,8)))
        else: signat=[g.name() for _ in range(n)]
        envn=None
        if sc=='joint_phone': k=r.randint(2,len(signat)-1); sigphones={signat[k]:phone}; reg,regrule,src=signat[k],'7.4.2.2 联名:留有电话号码者优先','letter.signature_list'
        elif sc=='joint_contact': cn=r.choice(signat[2:]); lines.append(L(f'（来信联系人：{cn}）','contact','l',contact=cn)); reg,regrule,src=cn,'7.4.2.2 联名:来信联系人','letter.contact'
        elif sc=='joint_env': envn=r.choice(signat[2:]); reg,regrule,src=envn,'7.4.2.2 联名:信封上寄信人','envelope.sender'
        elif sc=='notjoint4': reg,regrule,src=signat[0],'7.4.2.2 署名(不足5人,非联名)','letter.signature'
        else: reg,regrule,src=signat[0],'7.4.2.2 联名:署名清晰的第一人','letter.signature_list'
        has_phone=sc=='joint_phone'
        per=2 if sc=='joint_units' else r.choice([3,4]); head=b['sig_head']; lines.append(L(head if isinstance(head,str) else r.choice(head),'sig_head'))
        # how the list is set: banks without `lists` have names in columns
        way=r.choice(b['lists']) if 'lists' in b else 'grid'; gap={'marks':'、','numbered':'　'}.get(way,'　　')
        if way=='marks': per=5 if sc!='joint_units' else 2
        if way in('one','pairs'): per=1 if way=='one' else 2
        for i in range(0,len(signat),per):
            row=signat[i:i+per]; t=gap.join((f'{i+j+1}. ' if way=='numbered' else '')+x+(sigphones[x] if x in sigphones else '') for j,x in enumerate(row)); lines.append(dict(t=t,role='sig_list',align='l',spans=[('signatory',t.find(x),t.find(x)+len(x)) for x in row]+[('phone',t.find(sigphones[x]),t.find(sigphones[x])+11) for x in row if x in sigphones]))
        ev['sender']=envn
    elif sc=='anon_pseudo': v=r.choice(b['pseudo']); lines.append(L(v,'signature','r',signature=v)); reg,regrule,src='匿名','7.4.2.2 署假名','letter.signature'
    elif sc=='anon_incomplete': v=r.choice(b['incomplete']); lines.append(L(r.choice(b['sig']).format(n=v),'signature','r',signature=v)); reg,regrule,src='匿名','7.4.2.2 署名不完整','letter.signature'
    elif sc=='anon_none': reg,regrule,src='匿名','7.4.2.2 信内信封均无署名','none'
    elif sc.startswith('env_sign'): reg,regrule,src=name,'7.4.2.2 信内无署名,以信封为依据','envelope.sender'; ev['sender']=name
    else:
        sgn=name; reg,regrule,src=(proxy['principal'] if proxy else name),('7.4.1 代理人代信=来信人本人' if proxy else '7.4.2.2 来信内署名'),'letter.body' if proxy else 'letter.signature'
        lines.append(L(('代理人：{n}' if proxy else r.choice(b['sig'])).format(n=sgn),'signature','r',signature=sgn)); 
        ev['sender']=name if r.random()<.6 else None
    idn=None
    more=ctx.get('ids',0) and not anon and not joint and sc not in('signed_id','signed_badid','rep_a') and r.random()<ctx['ids']
    if more: bad=r.random()<.08; idn=id18(r,b['id_area'],bad); t=r.choice(b['idl']).format(i=idn); lines.append(L(t,'id','r',id_number=idn))
    if sc in('signed_id','signed_badid','rep_a'): bad=sc=='signed_badid'; idn=id18(r,b['id_area'],sc=='signed_badid'); t=r.choice(b['idl']).format(i=idn); lines.append(L(t,'id','r',id_number=idn))
    showaddr=has_letter_addr and not anon and not joint
    if showaddr: t=r.choice(b['addrl']).format(a=addr); lines.append(L(t,'address',r.choice('lr'),address=addr))
    phones=[]
    if has_phone and not joint:
        ps=[phone]
        if sc=='two_phones' or r.random()<.15: ps.append(g.land())
        t=r.choice(b['tell']).format(p='、'.join(ps)); lines.append(dict(t=t,role='phone',align=r.choice('lr'),spans=[('phone',t.find(p),t.find(p)+len(p)) for p in ps])); phones+=[dict(value=p,type='mobile' if len(p)==11 and p[0]=='1' else 'landline',where='letter') for p in ps]
    for p in sigphones.values(): phones.append(dict(value=p,type='mobile',where='letter.signature_list'))
    ds=r.choice([0,0,0,1,2,3]); dt=cndate(d,ds); lines.append(L(dt,'date','r',date=dt))
    if proxy:
        for t,ro,al in(('授权委托书','attachment_title','c'),(f"委托人：{proxy['principal']}",'attachment','l'),(f"受委托人：{name}（系委托人亲属）",'attachment','l'),(f"委托事项：代为书写、寄送信访材料，代为接收书面答复。委托期限自{cndate(d,0)}起六个月。",'attachment','l'),(f"委托人（签名）：{proxy['principal']}",'attachment','r'),(cndate(d,0),'attachment','r')): lines.append(dict(L(t,ro,al),newpage=ro=='attachment_title'))
    # ---- envelope
    pm=r.choice(b['pmark']); pd=d+datetime.timedelta(days=r.randint(0,2)); evaddr=None
    if sc in('noaddr_env','env_sign_addr') : evaddr=addr
    elif not anon and sc not in('noaddr_body','noaddr_postmark') and r.random()<.55: evaddr=addr
    if anon and r.random()<.5: evaddr='内详'
    envto=expect if (r.random()<.5 and sc not in('addr_fuzzy','addr_ldr_rank','addr_ldr_vs_org','addr_orgs','addr_outside')) else tos[0]
    pc=r.choice(b['postcode'])
    f_addr=None
    if showaddr: f_addr=dict(value=addr,source='letter.signed_address',rule='7.4.2.3 来信内签署地址')
    elif evaddr and evaddr!='内详': f_addr=dict(value=evaddr,source='envelope.sender_address',rule='7.4.2.3 信封签署地址')
    elif sc=='noaddr_body': f_addr=dict(value=addr,source='letter.body.habitual',rule='7.4.2.3 信中提到的常住地')
    elif joint: f_addr=dict(value=kw['estate'],source='letter.body.habitual',rule='7.4.2.3 信中提到的常住地')
    else:
        sa=[l for l in lines if any(k=='self_addr' for k,_,_ in l['spans'])]
        f_addr=dict(value=addr,source='letter.body.habitual',rule='7.4.2.3 信中提到的常住地') if sa else dict(value=pm,source='envelope.postmark',rule='7.4.2.3 均无,以邮戳为依据')
    layout='vertical' if idx%3==2 else 'horizontal'
    env=dict(layout=layout,to_addr=b['prov']+b['city']+f"{r.choice(b['roads'])}{r.randint(1,600)}号",to=b['envclose'].format(to=envto),to_raw=envto,to_org=S['station'] if (envto not in[o['name'] for o in S['orgs']] and not sc.startswith('addr_') and S['station'][-3:] not in envto) else '',from_addr=evaddr,from_name=ev.get('sender'),from_phone=phone if (has_phone and r.random()<.2 and not anon and not joint) else None,to_code=r.choice(b['postcode']),from_code=pc,postmark=dict(place=pm,date=str(pd)),registered=r.random()<.2)
    if env['from_phone']: 
        if not any(p['value']==phone for p in phones): phones.append(dict(value=phone,type='mobile',where='envelope'))
    envtos=[envto]; tos_all=list(dict.fromkeys(tos+envtos))
    count=len(signat) if joint else (0 if sc=='anon_none' else 1)
    f.update(sender_name=dict(value=reg,source=src,rule=regrule),anonymous=dict(value=anon,reason={'anon_none':'无署名','anon_pseudo':'假名','anon_incomplete':'署名不完整'}.get(sc)),
      address=f_addr,phones=phones,id_number=dict(value=idn,checksum_ok=not bad) if idn else None,addressee=dict(value=expect,rule=rule,raw=tos_all),
      letter_date=str(d),postmark=dict(place=pm,date=str(pd)),joint=dict(is_joint=joint and count>=5,count=count,signatories=signat),
      proxy=proxy,purpose=purpose,matters=matters,matter_count=len(matters),
      flags=dict(threat=sc=='threat',crime_clue=sc=='crime',valuables=sc=='valuables',archive_only=sc in('thanks','consult')),
      repeat=dict(group=ctx.get('group'),relation=ctx.get('rel','first'),of=ctx.get('of')))
    return dict(fields=f,lines=lines,env=env,scenario=sc,real_body=bool(real))
# ---------------------------------------------------------------- rendering
FONTS={'kai':['/usr/share/fonts/truetype/arphic/ukai.ttc'],'song':['/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc'],'hei':['/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc']}
LAYOUT=False  # --layout-only: boxes of every line as on a page, nothing drawn
HAND={'ma-shan-zheng':1.0,'zhi-mang-xing':1.12,'long-cang':1.18,'liu-jian-mao-cao':1.15,'lxgw-wenkai':.95}
WEIGHTS=[2,3,3,1,3]; PRINT=['kai','song','song','hei']
_fc={}
def font(path,size,idx=0):
    if not os.path.exists(path): path,idx=FONTS['kai'][0],0  # laid out only: any hand of about that width does
    k=(path,size,idx)
    if k not in _fc: _fc[k]=ImageFont.truetype(path,size,index=idx)
    return _fc[k]
class Ink:
    def __init__(s,rnd,fontdir,hard=False):
        s.r=rnd; s.hand=rnd.random()<.68
        if s.hand:
            n=rnd.choices(list(HAND),weights=WEIGHTS)[0]; s.path=os.path.join(fontdir,n+'.ttf'); s.scale=HAND[n]; s.idx=0; s.name=n
            s.jit=dict(rot=rnd.uniform(.8,3.2),dy=rnd.uniform(.02,.06),sz=rnd.uniform(.02,.07),sp=rnd.uniform(.0,.05)); s.col=rnd.choice([(20,20,30),(25,30,95),(40,40,60),(20,25,120)]); s.drift=rnd.uniform(-.012,.012)
            if hard: s.jit=dict(rot=rnd.uniform(2,6),dy=rnd.uniform(.04,.10),sz=rnd.uniform(.06,.13),sp=rnd.uniform(-.08,.03)); s.drift=rnd.uniform(-.03,.03); s.col=rnd.choice([s.col,(95,95,105),(120,120,130),(70,80,150)])
        else:
            s.name=rnd.choice(PRINT); s.path=FONTS[s.name][0]; s.idx=2 if s.name in('song','hei') else 0; s.scale=1; s.jit=dict(rot=0,dy=0,sz=0,sp=0); s.col=(15,15,15); s.drift=0
    def glyph(s,ch,size):
        sz=max(8,int(size*s.scale*(1+s.r.gauss(0,s.jit['sz'])))); fo=font(s.path,sz,s.idx)
        if s.hand and ch in '〇○': fo=font(FONTS['kai'][0],sz,0)
        bb=fo.getbbox(ch); w=max(1,int(fo.getlength(ch))); im=Image.new('L',(w+12,int(sz*1.5)),0); ImageDraw.Draw(im).text((6,int(sz*.1)),ch,font=fo,fill=int(255*min(1,max(.6,s.r.gauss(.92,.06 if s.hand else .01)))))
        if s.hand: im=im.rotate(s.r.gauss(0,s.jit['rot']),resample=Image.BICUBIC,expand=False)
        return im,w
    def draw(s,canvas,x,y,text,size,cell=None):
        """draw on an RGB canvas; returns list of char boxes (x0,y0,x1,y1)"""
        boxes=[]; x0=x
        for ch in text:
            if ch=='　': x+=cell or size; boxes.append((x-size,y,x,y+size)); continue
            if ch==' ': x+=size*.4; boxes.append((x-size*.4,y,x,y+size)); continue
            if LAYOUT: fo=font(s.path,max(8,int(size*s.scale)),s.idx); im,w=None,max(1,int(fo.getlength(ch)))
            else: im,w=s.glyph(ch,size)
            yy=int(y+s.drift*(x-x0)+s.r.gauss(0,s.jit['dy']*size)); xx=int(x-6)
            if im: canvas.paste(Image.new('RGB',im.size,s.col),(xx,yy),im)
            boxes.append((x,yy,x+w,yy+int(size*1.2))); x+=(cell if not ch.isascii() else max(w,cell*.55)) if cell else w*(1+s.r.gauss(s.jit['sp'],abs(s.jit['sp'])*.6) if s.hand else 1)
        return boxes
    def width(s,text,size):
        fo=font(s.path,int(size*s.scale),s.idx); return fo.getlength(text)*(1+s.jit['sp'])+text.count('　')*0
def wrap(ink,text,size,maxw,indent,cell=None):
    out=[];cur='';w=indent*(cell or size)
    for ch in text:
        cw=(cell if not ch.isascii() else max(ink.width(ch,size),cell*.55)) if cell else ink.width(ch,size)
        if w+cw>maxw and ch not in '，。；：、！？”）': out.append(cur); cur='';w=0
        cur+=ch; w+=cw
    if cur: out.append(cur)
    return out
def paper(rnd,W,H,dpi,kind):
    if LAYOUT: lh=int(10.5*dpi/25.4) if kind!='grid' else int((W-int(36*dpi/25.4))//20*1.25); return Image.new('RGB',(8,8)),int(32*dpi/25.4),lh
    base={'plain':(252,252,250),'ruled':(250,249,244),'grid':(251,250,245),'old':(240,232,214)}[kind]; im=Image.new('RGB',(W,H),base); d=ImageDraw.Draw(im); mm=dpi/25.4
    col=rnd.choice([(215,90,90),(120,150,210),(110,170,120)]); top=int(32*mm); lh=int(10.5*mm)
    if kind in('ruled','old'):
        for y in range(top,H-int(18*mm),lh): d.line((int(18*mm),y,W-int(18*mm),y),fill=col,width=max(1,int(.22*mm)))
        if rnd.random()<.5: d.text((W//2-200,int(14*mm)),'信　笺',font=font(FONTS['song'][0],int(7*mm),2),fill=col)
    if kind=='grid':
        n=20; cw=(W-int(36*mm))//n; lh=int(cw*1.25)
        for y in range(top,H-int(18*mm),lh):
            d.line((int(18*mm),y,int(18*mm)+cw*n,y),fill=col,width=2)
        for i in range(n+1): d.line((int(18*mm)+i*cw,top,int(18*mm)+i*cw,top+lh*((H-int(18*mm)-top)//lh)),fill=col,width=1)
    return im,top,lh
def seal(rnd,text,D,col=(205,35,35)):
    """round red stamp as RGBA"""
    im=Image.new('RGBA',(D,D),(0,0,0,0)); d=ImageDraw.Draw(im); d.ellipse((6,6,D-6,D-6),outline=col+(255,),width=max(4,D//40)); n=len(text)
    for i,ch in enumerate(text):
        a=math.radians(210-(240*(i+.5)/n)); r=D*.37; g=Image.new('L',(D//7+8,)*2,0); ImageDraw.Draw(g).text((4,0),ch,font=font(FONTS['song'][0],D//8,2),fill=255); g=g.rotate(math.degrees(a)-90,resample=Image.BICUBIC)
        im.paste(Image.new('RGBA',g.size,col+(255,)),(int(D/2+r*math.cos(a)-g.width/2),int(D/2-r*math.sin(a)-g.height/2)),g)
    s=D*.16; pts=[(D/2+s*math.sin(k*math.pi/5)*(1 if k%2==0 else .4),D/2-s*math.cos(k*math.pi/5)*(1 if k%2==0 else .4)) for k in range(10)]; d.polygon(pts,fill=col+(255,))
    a=np.array(im).astype(np.float32); noise=cv2.resize(np.random.RandomState(rnd.randint(0,9**6)).rand(D//6,D//6).astype(np.float32),(D,D)); a[...,3]*=np.clip(noise*1.3+.25,.25,.85); return Image.fromarray(a.astype(np.uint8),'RGBA').rotate(rnd.uniform(-25,25),resample=Image.BICUBIC)
def postmark(rnd,place,date,D):
    im=Image.new('RGBA',(D,D),(0,0,0,0)); d=ImageDraw.Draw(im); c=(25,25,35,255); d.ellipse((4,4,D-4,D-4),outline=c,width=max(3,D//45)); d.ellipse((D*.13,)*2+(D*.87,)*2,outline=c,width=2)
    f=font(FONTS['song'][0],D//6,2); d.text((D*.5-f.getlength(place)/2,D*.18),place,font=f,fill=c); t=date.replace('-','.'); f2=font(FONTS['hei'][0],D//8,2); d.text((D*.5-f2.getlength(t)/2,D*.43),t,font=f2,fill=c); d.text((D*.36,D*.62),f'{rnd.randint(8,18)}',font=f2,fill=c)
    a=np.array(im).astype(np.float32); n=cv2.resize(np.random.RandomState(rnd.randint(0,9**6)).rand(max(2,D//10),max(2,D//10)).astype(np.float32),(D,D)); a[...,3]*=np.clip(n*1.4+.15,.2,.9); return Image.fromarray(a.astype(np.uint8),'RGBA').rotate(rnd.uniform(-30,30),resample=Image.BICUBIC)
def scan(rnd,im,lines,dpi,fold=True,out=None,hard=False):
    """fold shadows, illumination, blur, noise, speckle, skew (boxes follow), then save as JPEG"""
    if LAYOUT:
        W,H=out[1]; ang=rnd.uniform(-3,3); M=cv2.getRotationMatrix2D((W/2,H/2),ang,1)
        def q(b): x0,y0,x1,y1=b; return [[round(float(v),1) for v in M@np.array([px,py,1])] for px,py in((x0,y0),(x1,y0),(x1,y1),(x0,y1))]
        for l in lines:
            l['quad']=q(l.pop('box'))
            for s in l.get('spans',[]): s['quad']=q(s.pop('box'))
        return dict(skew_deg=round(ang,2))
    a=np.asarray(im).astype(np.float32); H,W=a.shape[:2]; rs=np.random.RandomState(rnd.randint(0,2**31-1)); y=np.arange(H)[:,None]; x=np.arange(W)[None,:]
    if fold and rnd.random()<.7:
        for k in rnd.choice([[1/3,2/3],[1/2],[1/4,1/2,3/4]]):
            c=H*k+rnd.uniform(-.02,.02)*H; w=rnd.uniform(3,9)*dpi/100; sh=1-rnd.uniform(.06,.2)*np.exp(-((y-c)/w)**2)+rnd.uniform(.0,.06)*np.exp(-((y-c-2*w)/w)**2); a*=sh[...,None]
    a*=(1-rnd.uniform(0,.10)*(x/W if rnd.random()<.5 else 1-x/W))[...,None]
    if rnd.random()<.25:  # show-through of the reverse side
        m=cv2.GaussianBlur(a[:,::-1].mean(2),(0,0),dpi/120); a-=((255-m)*rnd.uniform(.03,.07))[...,None]
    if hard:  # elastic warp (boxes stay within ~4 px) + uneven ink
        gx,gy=[cv2.resize(rs.randn(H//60+2,W//60+2).astype(np.float32),(W,H),interpolation=cv2.INTER_CUBIC)*rnd.uniform(1.5,3.5)*dpi/300 for _ in (0,1)]; a=cv2.remap(a,(np.arange(W,dtype=np.float32)[None]+gx),(np.arange(H,dtype=np.float32)[:,None]+gy),cv2.INTER_LINEAR,borderMode=cv2.BORDER_REPLICATE)
        m=cv2.resize(rs.rand(H//25+2,W//25+2).astype(np.float32),(W,H)); a+=((255-a.mean(2))*np.clip(m-.45,0,1)*.9)[...,None]
    a=cv2.GaussianBlur(a,(0,0),rnd.uniform(.4,1.0)*dpi/300+.01); a+=rs.randn(H,W,1).astype(np.float32)*rnd.uniform(2,7)
    n=int(rnd.uniform(0,250)*(dpi/300)**2)
    for _ in range(n): cv2.circle(a,(rs.randint(W),rs.randint(H)),int(rs.choice([1,1,2,3])),(float(rs.randint(20,120)),)*3,-1)
    ang=rnd.uniform(-3,3); M=cv2.getRotationMatrix2D((W/2,H/2),ang,1); M[:,2]+=[rnd.uniform(-12,12),rnd.uniform(-12,12)]
    bg=rnd.choice([250,235,30,60]); a=cv2.warpAffine(np.clip(a,0,255).astype(np.uint8),M,(W,H),flags=cv2.INTER_CUBIC,borderValue=(bg,)*3)
    def q(b): x0,y0,x1,y1=b; return [[round(float(v),1) for v in M@np.array([px,py,1])] for px,py in((x0,y0),(x1,y0),(x1,y1),(x0,y1))]
    for l in lines:
        l['quad']=q(l.pop('box'))
        for s in l.get('spans',[]): s['quad']=q(s.pop('box'))
    gray=rnd.random()<.15
    if gray: a=cv2.cvtColor(cv2.cvtColor(a,cv2.COLOR_RGB2GRAY),cv2.COLOR_GRAY2RGB)
    ql=rnd.randint(55,92); Image.fromarray(a).save(out,quality=ql,dpi=(dpi,dpi)); return dict(skew_deg=round(ang,2),jpeg_quality=ql,gray=gray)
def ub(bs): return (min(b[0] for b in bs),min(b[1] for b in bs),max(b[2] for b in bs),max(b[3] for b in bs))
def render_letter(rnd,doc,dpi,outdir,lid,fontdir,bank,hard=False):
    ink=Ink(rnd,fontdir,hard); W,H=int(210/25.4*dpi),int(297/25.4*dpi); mm=dpi/25.4; kind=rnd.choice(['plain','ruled','ruled','grid','old']) if ink.hand else 'plain'
    pages=[]; im=None; ml,mr=int(20*mm),int(20*mm)
    def newpage():
        nonlocal im,y,lh,cur; im,top,l0=paper(rnd,W,H,dpi,kind); lh=l0 if kind!='plain' else int((9.2 if not ink.hand else 10.2)*mm); y=top-int(lh*.12) if kind!='plain' else int(28*mm); cur=[]; pages.append((im,cur))
    y=lh=0;cur=None; newpage(); size=int(lh*.62) if kind!='plain' else int(5.2*mm)
    cell=None
    if kind=='grid': cell=(W-int(36*mm))//20; ml=int(18*mm); mr=W-ml-cell*20; size=int(cell*.8)
    for ln in doc['lines']:
        if ln.get('newpage'): newpage()
        t=ln['t']; ind=2 if ln['role'].startswith('body') or ln['role'] in('request','close') else 0; seglist=wrap(ink,t,size,W-ml-mr,ind,cell) if ln['align']=='l' else wrap(ink,t,size,W-ml-mr,0,cell); off=0
        for si,sg in enumerate(seglist):
            if y+lh>H-int(20*mm): newpage()
            w=sum((cell if not c.isascii() else max(ink.width(c,size),cell*.55)) for c in sg) if cell else ink.width(sg,size); x=ml+(ind*(cell or size) if si==0 else 0)+(cell*.1 if cell else 0)
            if ln['align']=='r': x=max(ml,W-mr-w-rnd.randint(0,int(12*mm)));  x=ml+round((x-ml)/cell)*cell+cell*.1 if cell else x
            if ln['align']=='c': x=(W-w)/2
            bx=ink.draw(im,x,y+(lh*.12 if cell else 0),sg,size,cell); rec=dict(text=sg,role=ln['role'],box=ub(bx),spans=[])
            for k,a,b in ln['spans']:
                a2,b2=max(a-off,0),min(b-off,len(sg))
                if a2<b2: rec['spans'].append(dict(field=k,text=sg[a2:b2],box=ub(bx[a2:b2])))
            cur.append(rec); off+=len(sg); y+=lh
        if ln['role'] in('close_l',): y+=int(lh*.4)
    out=[]
    for i,(im,rec) in enumerate(pages):
        if LAYOUT: pass
        elif i==0 and rnd.random()<.35: s=seal(rnd,bank['scope']['station']+'收信专用章',int(36*mm)); im.paste(s,(W-int(48*mm),int(8*mm)),s)   # 7.3.4: stamp, upper right
        if not LAYOUT and rnd.random()<.18 and rec: s=seal(rnd,rnd.choice(bank['units']),int(38*mm)); b=rec[-1]['box']; im.paste(s,(int(min(W-int(45*mm),b[0])),int(max(0,b[1]-int(18*mm)))),s)  # seal over signature
        kindp='attachment' if rec and rec[0]['role'].startswith('attachment') else 'letter'; fn=f'{lid}_p{i+1}.jpg'; meta=scan(rnd,im,rec,dpi,True,('',(W,H)) if LAYOUT else os.path.join(outdir,fn),hard and ink.hand); out.append(dict(file=fn,kind=kindp,page=i+1,width=W,height=H,dpi=dpi,style=dict(font=ink.name,handwriting=ink.hand,paper=kind),**meta,lines=rec))
    return out,ink
def render_env(rnd,env,dpi,outdir,lid,ink,bank,hard=False):
    mm=dpi/25.4; W,H=int(220*mm),int(110*mm); im=Image.new('RGB',(W,H),rnd.choice([(248,247,243),(222,196,148),(240,236,228),(214,182,132)])); d=ImageDraw.Draw(im); red=(200,40,40); rec=[]; s=int(6.2*mm)
    def put(x,y,t,role,size=s,vert=False,field=None):
        if not t: return
        if vert:
            bs=[]
            for ch in t:
                b=ink.draw(im,x,y,ch,size); bs+=b; y+=size*1.08*max(1,ink.scale)
        else: bs=ink.draw(im,x,y,t,size)
        rec.append(dict(text=t,role=role,vertical=vert,box=ub(bs),spans=[dict(field=field,text=t,box=ub(bs))] if field else []))
    def boxes(x,y,code,role):
        bs=[]
        for i,c in enumerate(code):
            d.rectangle((x+i*int(9*mm),y,x+i*int(9*mm)+int(7*mm),y+int(8*mm)),outline=red,width=3); bs+=ink.draw(im,x+i*int(9*mm)+int(1.6*mm),y+int(1*mm),c,int(5.5*mm))
        rec.append(dict(text=code,role=role,vertical=False,box=ub(bs),spans=[dict(field='postcode',text=code,box=ub(bs))]))
    lab=bank['envlabels'][rnd.randint(0,1)]
    if env['layout']=='horizontal':
        boxes(int(12*mm),int(10*mm),env['to_code'],'to_code')
        put(int(22*mm),int(30*mm),env['to_addr'],'to_addr'); put(int(34*mm),int(44*mm),(env['to_org']+'　' if env['to_org'] else '')+env['to'],'to_name',int(7.4*mm),field='addressee_raw')
        bx=int(92*mm); a=env['from_addr'] or ''
        put(bx,int(74*mm),a,'from_addr',int(5*mm),field='address'); put(bx+int(20*mm),int(84*mm),(env['from_name']+'　'+lab) if env['from_name'] else '','from_name',int(5.4*mm),field='env_sender'); put(bx+int(20*mm),int(66*mm),env['from_phone'] or '','from_phone',int(4.8*mm),field='phone')
        boxes(W-int(70*mm),H-int(14*mm),env['from_code'],'from_code'); sx,sy=W-int(38*mm),int(8*mm)
    else:
        im=im.rotate(90,expand=True); W,H=H,W; d=ImageDraw.Draw(im)
        boxes(W-int(62*mm),int(10*mm),env['to_code'],'to_code')
        put(W-int(24*mm),int(34*mm),env['to_addr'],'to_addr',s,True); put(W//2-int(4*mm),int(44*mm),(env['to_org'] or '')+env['to'].replace(' ',''),'to_name',int(8*mm),True,'addressee_raw')
        put(int(22*mm),int(72*mm),env['from_addr'] or '','from_addr',int(5*mm),True,'address'); put(int(12*mm),int(128*mm),(env['from_name']+lab) if env['from_name'] else '','from_name',int(5.4*mm),True,'env_sender')
        boxes(int(8*mm),H-int(14*mm),env['from_code'],'from_code'); sx,sy=int(8*mm),int(8*mm)
    if LAYOUT:
        D=int(25*mm); px,py=sx-int(10*mm) if sx>W/2 else sx+int(14*mm),sy+int(16*mm); rec.append(dict(text=env['postmark']['place']+' '+env['postmark']['date'].replace('-','.'),role='postmark',vertical=False,box=(px,py,px+D,py+D),spans=[])); fn=f'{lid}_env.jpg'; meta=scan(rnd,im,rec,dpi,False,('',(W,H))); return dict(file=fn,kind='envelope_front',layout=env['layout'],page=0,width=W,height=H,dpi=dpi,style=dict(font=ink.name,handwriting=ink.hand),**meta,lines=rec)
    c=rnd.choice([(180,210,190),(230,205,170),(190,200,230)]); d.rectangle((sx,sy,sx+int(26*mm),sy+int(32*mm)),fill=c,outline=(255,255,255),width=6); ink2=font(FONTS['song'][0],int(2.8*mm),2); d.text((sx+int(2*mm),sy+int(26*mm)),'中国邮政120分',font=ink2,fill=(90,90,90))
    pm=postmark(rnd,env['postmark']['place'],env['postmark']['date'],int(25*mm)); px,py=sx-int(10*mm) if sx>W/2 else sx+int(14*mm),sy+int(16*mm); im.paste(pm,(px,py),pm); rec.append(dict(text=env['postmark']['place']+' '+env['postmark']['date'].replace('-','.'),role='postmark',vertical=False,box=(px,py,px+pm.width,py+pm.height),spans=[]))
    if env['registered']: d.rectangle((int(14*mm),H-int(24*mm),int(60*mm),H-int(8*mm)),outline=(40,40,40),width=2); n='XA'+f'{rnd.randint(10**8,10**9-1)}'+'32'; d.text((int(16*mm),H-int(15*mm)),'挂号 '+n,font=font(FONTS['hei'][0],int(4*mm),2),fill=(30,30,30)); rec.append(dict(text=n,role='registered_no',vertical=False,box=(int(14*mm),H-int(24*mm),int(60*mm),H-int(8*mm)),spans=[])); env['registered_no']=n
    fn=f'{lid}_env.jpg'; W,H=im.size; meta=scan(rnd,im,rec,dpi,False,os.path.join(outdir,fn),hard and ink.hand); return dict(file=fn,kind='envelope_front',layout=env['layout'],page=0,width=W,height=H,dpi=dpi,style=dict(font=ink.name,handwriting=ink.hand),**meta,lines=rec)
# ---------------------------------------------------------------- main
def towns(path,city):
    """the towns below a city: of src/domain/gazetteer/divisions.txt, or of a JSON list"""
    if path.endswith('.json'): return [x for x in json.load(open(path)) if x['city']==city]
    out=[]; above=['']*4
    for line in open(path,encoding='utf-8'):
        if line.startswith('#'): continue
        entry=line.strip(); depth=len(line)-len(line.lstrip('\t')); name=entry.lstrip('0123456789'); above[depth:]=[name]
        if depth==3 and above[1]==city and name.endswith(('街道','镇','乡','区')): out.append(dict(city=city,county=above[2],town=name,code=entry[:len(entry)-len(name)]))
    return out
def main():
    ap=argparse.ArgumentParser(); ap.add_argument('--bank',required=True); ap.add_argument('--seed',type=int,required=True); ap.add_argument('--n',type=int,default=40); ap.add_argument('--out',required=True)
    ap.add_argument('--bodies'); ap.add_argument('--divisions',default=os.path.join(HERE,'../../src/domain/gazetteer/divisions.txt')); ap.add_argument('--fonts',default=os.path.join(HERE,'fonts')); ap.add_argument('--dpi',type=int,default=300); ap.add_argument('--text-only',action='store_true'); ap.add_argument('--layout-only',action='store_true',help='where each line would stand, without drawing it; see read_noisily.py'); ap.add_argument('--ids',type=float,default=0,help='share of the other signed letters that give an ID number too'); ap.add_argument('--hard',action='store_true',help='rougher hand: more jitter, pencil ink, elastic warp'); a=ap.parse_args(); global LAYOUT; LAYOUT=a.layout_only
    rnd=random.Random(a.seed); bank=json.load(open(a.bank)); div=towns(a.divisions,bank['city']); bodies=[json.loads(l) for l in open(a.bodies)] if a.bodies else []
    if 'fonts' in bank:
        global WEIGHTS,PRINT; HAND.clear(); HAND.update({k:v[1] for k,v in bank['fonts']['hand'].items()}); WEIGHTS=[v[0] for v in bank['fonts']['hand'].values()]; PRINT=bank['fonts']['print']
    for x in bodies: x['body']=re.sub(r'[A-Z]市',bank['city'],re.sub(r'[A-Z]\d+[区县市]',lambda m:rnd.choice(div)['county'],x['body'])).replace('西地省',bank['prov'])
    g=Gen(bank,rnd,bodies,div); os.makedirs(a.out,exist_ok=True); sc=SCEN[:]; 
    while len(sc)<a.n: sc.append(rnd.choice([s for s in SCEN if not s.startswith('rep_')]))
    if a.n<len(sc): keep=[s for s in sc if s.startswith('rep_')]; rest=[s for s in sc if not s.startswith('rep_')]; rnd.shuffle(rest); drop=len(sc)-a.n; seen=set(); uniq=[];dup=[]
    if a.n<len(sc):
        for s in rest: (dup if s in seen else uniq).append(s); seen.add(s)
        sc=(uniq+dup)[:a.n-len(keep)]+keep
    base=dict(name=g.name(),addr=g.addr(),phone=g.mobile(),kw=g.kw(),matter=bank['matters'][0]); man=[]; ids={}
    for i,s in enumerate(sc):
        ctx=dict(ids=a.ids); lid=f"{bank['name']}{i+1:03d}"
        if s=='rep_a': ctx.update(base,alt=0,group='R1',rel='first')
        if s=='rep_b': ctx.update(base,alt=1,group='R1',rel='repeat',of=ids.get('rep_a'))
        if s=='rep_other_matter': ctx.update(name=base['name'],addr=base['addr'],phone=base['phone'],matter=bank['matters'][1],group='R1',rel='first_same_sender_other_matter',of=ids.get('rep_a'))
        if s=='rep_other_person': ctx.update(kw=base['kw'],matter=base['matter'],alt=1,group='R1',rel='first_other_sender_same_matter',of=ids.get('rep_a'))
        doc=build(g,s,i,ctx); ids[s]=lid; rec=dict(id=lid,scenario=s,real_body=doc['real_body'],fields=doc['fields'],text='\n'.join(l['t'] for l in doc['lines']),envelope=doc['env'],lines=[dict(text=l['t'],role=l['role'],spans=l['spans']) for l in doc['lines']],pages=[])
        if not a.text_only:
            r2=random.Random(a.seed*1000+i); pages,ink=render_letter(r2,doc,a.dpi,a.out,lid,a.fonts,bank,a.hard); rec['pages']=pages
            # 12% of letters arrive with no envelope kept; they must then not depend on it
            if not(doc['fields']['sender_name']['source'].startswith('env') or doc['fields']['address']['source'].startswith('env')) and r2.random()<.12: rec['envelope_missing']=True
            else: rec['pages'].append(render_env(r2,doc['env'],a.dpi,a.out,lid,ink,bank,a.hard))
            rec['pages']=[p for p in rec['pages']]
        rec['envelope']=doc['env']
        json.dump(rec,open(os.path.join(a.out,lid+'.json'),'w'),ensure_ascii=False,indent=1); man.append(dict(id=lid,scenario=s,pages=[p['file'] for p in rec['pages']])); print(lid,s,len(rec['pages']),file=sys.stderr)
    json.dump(dict(bank=bank['name'],seed=a.seed,scope=bank['scope'],letters=man),open(os.path.join(a.out,'manifest.json'),'w'),ensure_ascii=False,indent=1)
if __name__=='__main__': main()
