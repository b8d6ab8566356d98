"""The automations that run under Python. Each fills the form in and submits it once:

    BASE=http://localhost:8080 CHROMIUM=... CHROMEDRIVER=... python clients.py NAME
"""

import os
import re
import sys
import time
from html import unescape

BASE = os.environ["BASE"]
DWELL = 1.5  # seconds; longer than the form asks for
FIELDS = {"username": "sven", "email": "sven@example.org", "about": "I write programs"}


def selenium():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = os.environ["CHROMIUM"]
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")  # tests run as root in containers
    driver = webdriver.Chrome(options=options, service=Service(os.environ["CHROMEDRIVER"]))
    try:
        driver.get(BASE + "/signup")
        time.sleep(DWELL)
        for name, text in FIELDS.items():
            driver.find_element(By.NAME, name).send_keys(text)
        before = driver.find_element(By.TAG_NAME, "html")
        driver.find_element(By.ID, "submit").click()
        WebDriverWait(driver, 60).until(lambda d: d.find_element(By.TAG_NAME, "html") != before)
    finally:
        driver.quit()


def httpx():
    import httpx

    with httpx.Client() as client:
        page = client.get(BASE + "/signup").text
        fields = re.findall(r'<input[^>]* name="(palisade-[^"]*|[a-z]+_[^"]*)"[^>]* value="([^"]*)"', page)
        time.sleep(DWELL)
        client.post(BASE + "/signup", data=FIELDS | {unescape(name): unescape(value) for name, value in fields})


{"selenium": selenium, "httpx": httpx}[sys.argv[1]]()
